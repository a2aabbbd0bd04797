"""Blood counts, transfusions, and what counts as response."""
