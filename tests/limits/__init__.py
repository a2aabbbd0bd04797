"""A site's value of every limit reaches its rule: shown by a chart that is answered otherwise."""
