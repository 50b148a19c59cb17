"""Starts the auditor: ``python -m lib.analyse``."""

import gc

from lib.analyse.cli import leave, main

if __name__ == "__main__":
    # Answers are trees that fall to pieces by themselves: looking for cycles in them takes a tenth of the time.
    gc.freeze()
    gc.set_threshold(50_000)
    leave(main())  # and so does the ordinary end, which takes every object apart
