"""Clients of AWS that give up soon: the SDK's own patience, minutes for one call, is longer than a function lives."""

import threading
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_lock = threading.Lock()  # a session makes one client at a time; the clients themselves may be used by many threads
_session = cache(boto3.session.Session)


def client(service: str, region: str | None = None, *, connect: float, read: float, attempts: int) -> Any:
    """Return a client.

    Args:
        service: boto3's name of it.
        region: another region than the function's own.
        connect: seconds to wait for a connection.
        read: seconds to wait for an answer.
        attempts: how often a call is tried, the first time included.
    """
    config = Config(
        connect_timeout=connect, read_timeout=read, retries={"mode": "standard", "total_max_attempts": attempts}
    )
    with _lock:
        return _session().client(service, region_name=region, config=config)
