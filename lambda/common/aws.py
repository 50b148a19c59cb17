"""Clients of AWS that give up soon: the SDK's own patience, minutes for one call, is longer than a function lives.

They are made when they are needed: importing the SDK takes longer than everything else at a cold start.
"""

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

CONNECT_SECONDS, READ_SECONDS = 0.5, 1.5
ADDRESSES = 8  # that S3's name may have: when none of them answers, each takes its time
LONGEST_SECONDS = ADDRESSES * CONNECT_SECONDS + READ_SECONDS  # that one try of one call may take
_lock = threading.Lock()  # a session makes one client at a time; the clients themselves may be used by many threads


@cache
def _session() -> Any:
    import boto3  # see above

    return boto3.session.Session()


def client(
    service: str,
    region: str | None = None,
    *,
    connect: float = CONNECT_SECONDS,
    read: float = READ_SECONDS,
    attempts: int = 1,
    connections: int = 10,
) -> Any:
    """Return a client.

    Args:
        service: boto3's name of it.
        region: another region than the function's own.
        connect: seconds to wait for a connection.
        read: seconds to wait for an answer.
        attempts: how often a call is tried, the first time included.
        connections: how many may be open at once.
    """
    from botocore.config import Config  # see above

    config = Config(
        connect_timeout=connect,
        read_timeout=read,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    with _lock:
        return _session().client(service, region_name=region, config=config)


class Secrets:
    """Secrets Manager, whose failures look like the database's: without a password there is no way to it either."""

    def __init__(self) -> None:
        self._client = client("secretsmanager", attempts=2)

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]:  # pylint: disable=invalid-name  # boto3's name
        """Return the secret's current value.

        Raises:
            ConnectionError: Secrets Manager cannot be reached or refuses.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return dict(self._client.get_secret_value(SecretId=SecretId))
        except (BotoCoreError, ClientError) as error:
            raise ConnectionError("no answer from Secrets Manager") from error
