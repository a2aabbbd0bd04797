"""One function per numbered criterion of the trial record, each `(record, t0, limits) -> Finding`."""
