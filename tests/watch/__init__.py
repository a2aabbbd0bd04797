"""The watch: results as they arrive, told once and never not at all; a doorbell that trusts nothing; heartbeat."""
