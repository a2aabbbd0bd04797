"""Each rule by an example table, both sides of every edge; the clinical pages are made from these tables."""
