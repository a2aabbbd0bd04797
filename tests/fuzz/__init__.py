"""Mutated input at every way in, the same for the same seed; run longer by `make fuzz`."""
