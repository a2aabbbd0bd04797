"""One profile for every property test: the same examples on every run, and no deadline on a busy machine."""

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("house")
