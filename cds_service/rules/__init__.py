"""What the rules of any trial are made of: verdicts, thresholds with their origin, the moment asked about."""
