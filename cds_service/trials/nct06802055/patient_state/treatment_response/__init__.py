"""Did the blood counts respond to treatment? By each published definition, at one moment and over time."""
