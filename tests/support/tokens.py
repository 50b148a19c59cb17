"""Tokens of IAM, as a database's clients make them."""

import boto3

from lib.common import region
from lib.local_cloud.names import HOST

KEY = "test"  # and its own secret, as for every access key where there is no emulator


def make(port: int, user: str, host: str = HOST, key: str = KEY, secret: str = KEY, where: str = "") -> str:
    """Return a token.

    Args:
        port: the database's.
        user: who signs in.
        host: the database's.
        key: whose access key signs it.
        secret: with which secret.
        where: the region; the checkout's where none is named.
    """
    session = boto3.session.Session(key, secret, region_name=where or region.primary({}))
    token: str = session.client("rds").generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)
    return token
