"""One patient's chart for one call: what is prefetched, what is fetched, and whom it concerns."""
