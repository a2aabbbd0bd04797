"""CDS Hooks 2.0: requests, cards, discovery, client trust. Knows no web framework and no trial."""
