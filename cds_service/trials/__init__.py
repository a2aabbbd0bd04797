"""Clinical trials, each a folder of its own: its reviewed numbers and words, and its rules."""
