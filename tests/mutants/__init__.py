"""Mutants (`make mutants`): the product changed in one small place at a time, and whether a test fails for it."""
