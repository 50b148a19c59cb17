"""Ids that grow with time, and the cursors of pages."""

import base64
import os
import re
import time
import uuid

PATTERN = r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
LAST = str(uuid.UUID(int=2**128 - 1))
CURSOR_PATTERN = r"^(?:[A-Za-z0-9_-]{22})?$"
_ID = re.compile(PATTERN)


def new() -> str:
    """Return a UUID of version 7: milliseconds since 1970, then 74 random bits (RFC 9562, section 5.7)."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    number &= ~(0xF << 76 | 0x3 << 62)
    return str(uuid.UUID(int=number | 0x7 << 76 | 0x2 << 62))


def valid(text: str) -> bool:
    """Tell whether PostgreSQL would take a text for a UUID, written as usual."""
    return _ID.fullmatch(text) is not None


def cursor(last: str) -> str:
    """Return the cursor of the page that follows after an id."""
    return base64.urlsafe_b64encode(uuid.UUID(last).bytes).decode().rstrip("=")


def after(text: str) -> str:
    """Return the id that a cursor stands for; without a cursor, one that is greater than all."""
    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(text + "=="))) if text else LAST
