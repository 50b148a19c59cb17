"""The one exception that TAP's own rules raise."""


class SettingError(ValueError):
    """A value from a file, the environment or the command line that TAP refuses.

    The message is one sentence or two: what is wrong, the value, and what to write instead.
    Entry points print it without a traceback.
    """
