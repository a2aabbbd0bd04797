"""The recorder of answers (`make same-answers`): what the product says of some 11,000 charts, kept as hashes."""
