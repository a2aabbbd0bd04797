"""An assessment in reviewed words: cards, draft orders, sources, the JSON of `assessment/1`."""
