"""One profile for every property test: the same examples on every run, and no deadline on a busy machine.

One thread for linear algebra: its matrices are tiny here, and the workers of pytest are enough.
"""

import os

from hypothesis import settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("house", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("house")
