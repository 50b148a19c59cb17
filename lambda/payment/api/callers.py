"""Whose a payment is."""

import os
from typing import NamedTuple

VARIABLE = "ROTATED_API_KEYS"
_API_KEY = "api-key:"


class Once(NamedTuple):
    """What a request is known by that is carried out once: whose it is, and the caller's key, hashed."""

    caller: str
    digest: bytes
    former: bytes  # as keys were stored before they had an owner


def owner(caller: str) -> str:
    """Return whose payments a caller's are: its own, or those of the API key that its key takes the place of.

    Args:
        caller: who sent a request; see :class:`web.Request`.
    """
    if not caller.startswith(_API_KEY):
        return caller
    rotated = dict(pair.split("=") for pair in os.environ.get(VARIABLE, "").split(",") if pair)
    key = caller.removeprefix(_API_KEY)
    return _API_KEY + rotated.get(key, key)
