"""Idempotency keys as keyed hashes: whoever reads the database cannot find out by trying what a caller has written.

The key is one of KMS that never leaves it. A process asks KMS for one code and takes that as its own key: it is the
same in all processes and nowhere stored. https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html
"""

import hashlib
import hmac
import logging
import threading
from contextlib import suppress

from .database import Database, DatabaseUnavailable

logger = logging.getLogger("shop.key_hashes")
PURPOSE = b"order keys, version 1"
KMS_SECONDS = 2  # for one try to reach KMS, and for its answer
PORTION = 200  # clear keys that are hashed at once
PAUSE_SECONDS = 600.0  # between two looks for clear keys: tasks of before may still write some
CLEAR = "SELECT o.id::text, o.idempotency_key FROM orders o WHERE o.idempotency_key IS NOT NULL LIMIT $1"
HASH = "SELECT hash_keys($1::uuid[], $2::bytea[])"
END = "DELETE FROM key_transition t WHERE t.ends < now() RETURNING 1"


class KeyHashes:
    """Hashes with the key of the environment.

    Args:
        arn: of the key in KMS; without one, for a database on loopback, the hashes have a key that everybody knows.
    """

    def __init__(self, arn: str) -> None:
        self._arn, self._key = arn, b"" if arn else b"loopback"
        self._asking = threading.Lock()

    def digest(self, key: str) -> bytes:
        """Return the hash of an idempotency key: 32 bytes.

        Raises:
            DatabaseUnavailable: KMS has not given the key yet, and does not now.
        """
        return hmac.digest(self._key or self._ask(), key.encode(), hashlib.sha256)

    def prepare(self) -> None:
        """Ask KMS before the first order comes; when it does not answer, the orders will ask again."""
        with suppress(DatabaseUnavailable):
            self.digest("")

    def _ask(self) -> bytes:
        """Ask KMS, in one thread at a time: the others would wait with their requests."""
        if not self._asking.acquire(blocking=False):  # pylint: disable=consider-using-with  # nobody waits here
            raise DatabaseUnavailable("the key of the hashes is not there yet")
        try:
            self._key = self._key or self._mac()
        finally:
            self._asking.release()
        return self._key

    def _mac(self) -> bytes:
        import boto3  # see Credentials
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        times = Config(connect_timeout=KMS_SECONDS, read_timeout=KMS_SECONDS, retries={"total_max_attempts": 2})
        try:
            client = boto3.client("kms", config=times)
            try:
                answer = client.generate_mac(KeyId=self._arn, MacAlgorithm="HMAC_SHA_256", Message=PURPOSE)
            finally:
                client.close()
        except (BotoCoreError, ClientError) as error:
            logger.error("the key of the hashes cannot be had", extra={"fields": {"reason": type(error).__name__}})
            raise DatabaseUnavailable("the key of the hashes cannot be had") from None
        return bytes(answer["Mac"])


class Rehash:
    """Hashes the clear keys of before, in portions and in the background, and ends what tasks of before need."""

    def __init__(self, database: Database, hashes: KeyHashes) -> None:
        self._rows, self._hashes = database.rows, hashes
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rehash", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the portion that is in hand."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                more = self.portion()
            except DatabaseUnavailable:
                more = False
            if not more:
                self._end.wait(PAUSE_SECONDS)

    def portion(self) -> bool:
        """Hash some clear keys; return whether there may be more.

        Raises:
            DatabaseUnavailable: the database or KMS does not answer; the next time goes on from here.
        """
        self._rows(END)
        clear = self._rows(CLEAR, (PORTION,))
        if clear:
            self._rows(HASH, ([order_id for order_id, _ in clear], [self._hashes.digest(key) for _, key in clear]))
        return len(clear) == PORTION
