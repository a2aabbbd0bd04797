"""Findings about draft orders: interactions, duplicates, doses outside the record, vaccines."""
