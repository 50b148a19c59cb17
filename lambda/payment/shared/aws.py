"""Clients of AWS, made when they are needed: importing the SDK takes longer than everything else at a cold start."""

from collections.abc import Mapping
from typing import Any

CONNECT_SECONDS, READ_SECONDS = 0.5, 1.5
ADDRESSES = 8  # that S3's name may have: when none of them answers, each takes its time
LONGEST_SECONDS = ADDRESSES * CONNECT_SECONDS + READ_SECONDS  # that one try of one call may take


class Secrets:
    """Secrets Manager, whose failures look like the database's: without a password there is no way to it either."""

    def __init__(self) -> None:
        self._client = client("secretsmanager", attempts=2)

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]:  # pylint: disable=invalid-name
        """Return the secret's current value.

        Raises:
            ConnectionError: Secrets Manager cannot be reached or refuses.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # pylint: disable=import-outside-toplevel

        try:
            return dict(self._client.get_secret_value(SecretId=SecretId))
        except (BotoCoreError, ClientError) as error:
            raise ConnectionError("no answer from Secrets Manager") from error


def client(service: str, *, attempts: int = 1, connections: int = 10) -> Any:
    """Return a client with little patience: the SDK's own, minutes for one call, is longer than a function lives."""
    import boto3  # pylint: disable=import-outside-toplevel
    from botocore.config import Config  # pylint: disable=import-outside-toplevel

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return boto3.client(service, config=config)
