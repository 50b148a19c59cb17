"""When a request has to be answered."""

import time

from problem_types import TIMEOUT
from problems import Problem


class Deadline:
    """The moment by which a request has to be answered."""

    def __init__(self, seconds: float) -> None:
        self._moment = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            Problem: there are none.
        """
        seconds = self._moment - time.monotonic()
        if seconds <= 0:
            raise Problem(TIMEOUT, "Nothing is known to have happened. Send the same request with the same key again.")
        return seconds
