"""The exceptions whose message is all that a user needs."""


class SettingError(ValueError):
    """A value from a file, the environment or the command line that TAP refuses.

    The message is one sentence or two: what is wrong, the value, and what to write instead.
    Entry points print it without a traceback.
    """


class ExerciseError(RuntimeError):
    """A deployed system did not do what it should; the message says what is missing."""
