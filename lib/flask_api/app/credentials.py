"""How the API signs in to its database: by IAM, with a token that it signs for each connection, and no password."""

import logging
import threading
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from botocore.session import Session

logger = logging.getLogger("shop.credentials")
TOKEN_SECONDS = 900  # that a database takes a token: RDS refuses those that are valid for longer


class Credentials:
    """The task's own, of which the SDK has new ones before the old ones end.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @cached_property
    def _session(self) -> "Session":
        # A third of a second and 20 MB, which a process that only says that it lives does not need.
        from botocore.session import Session

        return Session()

    def token(self, host: str, port: int, user: str) -> str:
        """Return what RDS takes in place of a user's password: a signed request, made without the network.

        It is what ``generate_db_auth_token`` of the RDS client returns, without reading RDS's model.
        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.Python.html

        Args:
            host: the database's endpoint, as the client connects to it.
            port: its port.
            user: a role of the database that is in ``rds_iam``.

        Returns:
            The token; nothing when there are no credentials, with which the database refuses the connection.
        """
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError

        query = urlencode({"Action": "connect", "DBUser": user})
        request = AWSRequest("GET", f"https://{host}:{port}/?{query}")
        try:
            with self._lock:
                credentials = self._session.get_credentials()
                region = self._session.get_config_variable("region")
            if credentials is None:
                logger.error("there are no credentials to sign a token with")
                return ""
            SigV4QueryAuth(credentials, "rds-db", region, expires=TOKEN_SECONDS).add_auth(request)
        except BotoCoreError as error:
            logger.error("no token can be signed: %s", type(error).__name__)
            return ""
        return str(request.url).removeprefix("https://")

    @staticmethod
    def refused(user: str) -> None:
        """Say in the log what to look at when the database has refused a token.

        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html
        """
        logger.error(
            "the token is refused; look at whether the database has IAM authentication, the task's role has "
            "rds-db:connect for this database and user %s, and the user is a member of rds_iam",
            user,
        )
