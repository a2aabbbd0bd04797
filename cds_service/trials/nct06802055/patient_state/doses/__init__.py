"""Which dose of a study drug is taken, since when, and what shows it."""
