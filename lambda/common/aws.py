"""Clients of AWS that give up soon: the SDK's own patience, minutes for one call, is longer than a function lives.

They are made when they are needed: importing the SDK takes longer than everything else at a cold start. Their types
come from types-boto3, which is installed for the checks alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol, cast, overload
from urllib.parse import urlencode

from json_types import JsonMapping

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.client import BaseClient
    from keyed_hash import MacClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_rds import RDSClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sns import SNSClient

CONNECT_SECONDS, READ_SECONDS = 0.5, 1.5
ADDRESSES = 8  # that S3's name may have: when none of them answers, each takes its time
TOKEN_SECONDS = 900  # that a database takes a token: RDS refuses those that are valid for longer
LONGEST_SECONDS = ADDRESSES * CONNECT_SECONDS + READ_SECONDS  # that one try of one call may take
_lock = threading.Lock()  # a session makes one client at a time; the clients themselves may be used by many threads


class ClientFactory(Protocol):
    """Returns a new client of a service in a region; without a region, in the function's own."""

    @overload
    def __call__(self, service: Literal["cloudwatch"], region: str = ..., /) -> CloudWatchClient: ...
    @overload
    def __call__(self, service: Literal["dynamodb"], region: str = ..., /) -> DynamoDBClient: ...
    @overload
    def __call__(self, service: Literal["kms"], region: str = ..., /) -> MacClient: ...
    @overload
    def __call__(self, service: Literal["rds"], region: str = ..., /) -> RDSClient: ...
    @overload
    def __call__(self, service: Literal["s3"], region: str = ..., /) -> S3Client: ...
    @overload
    def __call__(self, service: Literal["secretsmanager"], region: str = ..., /) -> SecretsManagerClient: ...
    @overload
    def __call__(self, service: Literal["sns"], region: str = ..., /) -> SNSClient: ...


@cache
def _session() -> Session:
    import boto3  # see above

    return boto3.session.Session()


def clients(
    *,
    connect: float = CONNECT_SECONDS,
    read: float = READ_SECONDS,
    attempts: int = 1,
    connections: int = 10,
) -> ClientFactory:
    """Return what makes clients.

    Args:
        connect: seconds to wait for a connection.
        read: seconds to wait for an answer.
        attempts: how often a call is tried, the first time included.
        connections: how many may be open at once.
    """

    def make(service: str, region: str | None = None, /) -> BaseClient:
        from botocore.config import Config  # see above

        config = Config(
            connect_timeout=connect,
            read_timeout=read,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        with _lock:
            make_client: Callable[..., BaseClient] = _session().client
            return make_client(service, region_name=region, config=config)

    return cast(ClientFactory, make)


def auth_token(host: str, port: int, user: str) -> str:
    """Return what RDS takes in place of a database user's password: a signed request, made without the network.

    It is what ``generate_db_auth_token`` of the RDS client returns, without reading RDS's model, which takes long at a
    cold start. The credentials are the function's at this moment: the SDK refreshes them where they end.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.Python.html

    Args:
        host: the database's endpoint, as the client connects to it.
        port: its port.
        user: a role of the database that is in ``rds_iam``, in lower and upper case as there.

    Raises:
        ConnectionError: the function has no credentials.
    """
    from botocore.auth import SigV4QueryAuth  # see above
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError

    query = urlencode({"Action": "connect", "DBUser": user})
    request = AWSRequest("GET", f"https://{host}:{port}/?{query}")
    with _lock:
        session = _session()
        credentials = session.get_credentials()
    if credentials is None:
        raise ConnectionError("no credentials to sign a token with")
    try:
        SigV4QueryAuth(credentials, "rds-db", session.region_name, expires=TOKEN_SECONDS).add_auth(request)
    except BotoCoreError as error:
        raise ConnectionError("no credentials to sign a token with") from error
    return str(request.url).removeprefix("https://")


class Secrets:
    """Secrets Manager, whose failures look like the database's: without a password there is no way to it either."""

    def __init__(self) -> None:
        self._client = clients(attempts=2)("secretsmanager")

    def get_secret_value(self, *, SecretId: str) -> JsonMapping:  # pylint: disable=invalid-name  # boto3's name
        """Return the secret's current value.

        Raises:
            ConnectionError: Secrets Manager cannot be reached or refuses.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._client.get_secret_value(SecretId=SecretId)
        except (BotoCoreError, ClientError) as error:
            raise ConnectionError("no answer from Secrets Manager") from error


class Kms:
    """KMS, whose failures are told apart from a defect."""

    def __init__(self) -> None:
        self._client = clients(attempts=2)("kms")

    def generate_mac(  # pylint: disable=invalid-name  # boto3's names
        self, *, KeyId: str, MacAlgorithm: Literal["HMAC_SHA_256"], Message: bytes
    ) -> JsonMapping:
        """Return the code of a message.

        Raises:
            ConnectionError: KMS cannot be reached or refuses.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._client.generate_mac(KeyId=KeyId, MacAlgorithm=MacAlgorithm, Message=Message)
        except (BotoCoreError, ClientError) as error:
            raise ConnectionError("no answer from KMS") from error
