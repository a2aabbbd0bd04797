"""The reviewed content and its signature: the hash, what changed, who signed, what serves unsigned; shadow mode."""
