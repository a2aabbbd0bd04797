"""The recorder of answers: what the product says of some 9,000 charts, kept as hashes. `make same-answers`."""
