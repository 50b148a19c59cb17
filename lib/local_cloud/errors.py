"""What can go wrong on a laptop, said in one sentence."""


class LocalCloudError(RuntimeError):
    """The message says what is wrong, the value, and what to do; it is shown without a traceback."""
