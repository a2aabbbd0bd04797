"""The virtual trial: its parts here; its targets in `closed_loop/`, run by `make simulate-ci`."""
