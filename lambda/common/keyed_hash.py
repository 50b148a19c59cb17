"""Hashes that nobody can compute who does not have the key: what was hashed cannot be found by trying, as card numbers
could with a plain hash.

The key is one of KMS that never leaves it. A function asks KMS for one code when it starts, and takes that as its own
key: it is the same one each time, in every environment, and nowhere stored.
https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html
"""

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Literal, Protocol

from json_types import JsonMapping

VARIABLE = "HASH_KEY_ARN"
PURPOSE = b"idempotency keys, version 1"


class MacClient(Protocol):
    """The one call of the KMS client that is used."""

    def generate_mac(  # pylint: disable=invalid-name  # boto3's names
        self, *, KeyId: str, MacAlgorithm: Literal["HMAC_SHA_256"], Message: bytes
    ) -> JsonMapping:
        """Return the code of a message."""


class KeyedHash:
    """Hashes texts with the key of the environment.

    Args:
        kms: makes a KMS client, on first use.
        environ: ``HASH_KEY_ARN``.
    """

    def __init__(self, kms: Callable[[], MacClient], environ: Mapping[str, str] = os.environ) -> None:
        self._kms, self._environ = kms, environ

    @cached_property
    def _key(self) -> bytes:
        answer = self._kms().generate_mac(KeyId=self._environ[VARIABLE], MacAlgorithm="HMAC_SHA_256", Message=PURPOSE)
        return bytes(answer["Mac"])

    def digest(self, *parts: str) -> bytes:
        """Return the hash of texts, each where it stands: 32 bytes.

        Raises:
            ConnectionError: KMS cannot be reached or refuses, at the first call.
        """
        return hmac.digest(self._key, json.dumps(parts).encode(), hashlib.sha256)
