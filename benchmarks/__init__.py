"""Every figure that the docs quote, printed again. Not part of the package."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does: its threads spin beside the networks'
