"""The words: which cards an assessment becomes, how long they are, what they cite, how doses and sources read."""
