"""The database's password: the one that the task was started with, until RDS has changed it."""

import json
import logging
import threading

logger = logging.getLogger("shop.credentials")
SECRET_SECONDS = 2  # for one try to reach Secrets Manager, and for its answer


class Credentials:
    """One password for all connections of a process.

    ECS puts the secret's value into the environment when a task starts and never again, while RDS changes a managed
    password every seven days. Whoever is refused asks for a newer one.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html

    Args:
        password: what the task was started with.
        secret_arn: where the current one is; empty when there is no secret.
    """

    def __init__(self, password: str, secret_arn: str) -> None:
        self._password, self._secret_arn = password, secret_arn
        self._lock = threading.Lock()

    @property
    def password(self) -> str:
        """The newest known password."""
        return self._password

    def renew(self, refused: str) -> bool:
        """Read the secret unless another thread has just done so; return whether there is another password now.

        Args:
            refused: the password that the server did not take.
        """
        with self._lock:
            if self._password == refused and self._secret_arn:
                self._password = self._read() or refused
            return self._password != refused

    def _read(self) -> str:
        """Return the secret's password, or nothing when it cannot be read: the next refusal tries again."""
        # A quarter of a second and 20 MB, which a database on loopback never needs.
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        times = Config(connect_timeout=SECRET_SECONDS, read_timeout=SECRET_SECONDS, retries={"total_max_attempts": 2})
        try:
            client = boto3.client("secretsmanager", config=times)
            try:
                value = client.get_secret_value(SecretId=self._secret_arn)["SecretString"]
            finally:
                client.close()
            password = str(json.loads(value)["password"])
        except ClientError as error:
            return self._unreadable(error.response["Error"]["Code"])
        except (BotoCoreError, KeyError, TypeError, ValueError) as error:
            return self._unreadable(type(error).__name__)  # its message could quote the secret
        logger.warning("the secret %s was read again", self._secret_arn)
        return password

    def _unreadable(self, why: str) -> str:
        logger.error("the secret %s cannot be read: %s", self._secret_arn, why)
        return ""
