"""The repository itself: pages that are made from code are current, words and code agree, sizes and coverage."""
