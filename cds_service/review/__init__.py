"""What a clinician reviews and signs: the content, its hash, its questions, what changed, signatures."""
