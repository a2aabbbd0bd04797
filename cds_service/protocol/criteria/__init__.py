"""One function per numbered criterion of the trial record, all of one shape: (record, t0, limits) -> Finding."""
