"""Other implementations of CDS Hooks, each with one service that answers a constant card: `make bench-peers`."""
