"""Whether RDS would take a token in the place of a password: a request to connect, signed a few minutes ago.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import datetime
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

SERVICE = "rds-db"
SECONDS = 900  # a token is valid for 15 minutes, and clocks may differ by as much
SIGNED = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-SignedHeaders": "host", "Action": "connect"}
REQUIRED = {*SIGNED, "DBUser", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature"}
OPTIONAL = {"X-Amz-Security-Token"}
SIGNING = ("botocore.auth", "botocore.awsrequest", "botocore.credentials")  # modules that take long to import
TIME = "%Y%m%dT%H%M%SZ"


class TokenRefused(Exception):
    """The database does not take the token; the message says why, and quotes no part that signs anything."""


@dataclass(frozen=True)
class Secret:
    """What belongs to an access key: its secret, and the session's token of temporary credentials."""

    key: str
    session: str = ""


# Returns what belongs to an access key. It raises TokenRefused where there is no such key, or the key's owner may not
# connect as the user, who is its other argument.
Secrets = Callable[[str, str], Secret]


@dataclass(frozen=True)
class Database:
    """What a token has to be for.

    Attributes:
        names: what the database's host is called.
        port: its port.
        region: where it is.
    """

    names: Sequence[str]
    port: int
    region: str

    def verify(self, token: str, user: str, secrets: Secrets, now: datetime.datetime | None = None) -> None:
        """Let a token pass that signs a connection of this user's to this database, and no other.

        Args:
            token: what ``generate_db_auth_token`` returns.
            user: who signs in.
            secrets: what belongs to access keys.
            now: the time; None for the clock's.

        Raises:
            TokenRefused: it is none.
        """
        given = self._parameters(token)
        if given["DBUser"] != user:
            raise TokenRefused(f"the token is for another user than {user!r}")
        access_key = self._access_key(given)
        _check_time(given, now or datetime.datetime.now(datetime.UTC))
        secret = secrets(access_key, user)
        if not hmac.compare_digest(given.get("X-Amz-Security-Token", ""), secret.session):
            raise TokenRefused("the session's token is not that of the access key")
        if not hmac.compare_digest(self._signature(token, given, secret), given["X-Amz-Signature"]):
            raise TokenRefused("the signature is not that of the access key's secret")

    def _parameters(self, token: str) -> dict[str, str]:
        try:
            url = urlsplit(f"https://{token}")
            pairs = parse_qsl(url.query, keep_blank_values=True, strict_parsing=True)
            host, port = url.hostname or "", url.port
        except ValueError as error:
            raise TokenRefused("it is not a token") from error
        given = dict(pairs)
        if len(given) != len(pairs) or not REQUIRED <= given.keys() <= REQUIRED | OPTIONAL or not token.isascii():
            raise TokenRefused("it is not a token")
        if (url.path, url.fragment) != ("/", "") or any(given[name] != value for name, value in SIGNED.items()):
            raise TokenRefused("it is not a token to connect")
        if host not in self.names or port != self.port:
            raise TokenRefused(f"the token is for {host}:{port}")
        return given

    def _access_key(self, given: dict[str, str]) -> str:
        access_key, *scope = given["X-Amz-Credential"].split("/")
        if scope != [given["X-Amz-Date"][:8], self.region, SERVICE, "aws4_request"]:
            raise TokenRefused(f"the token is for {'/'.join(scope)}, not for {SERVICE} in {self.region}")
        return access_key

    def _signature(self, token: str, given: dict[str, str], secret: Secret) -> str:
        # See SIGNING: nobody waits for it who signs in with a password.
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        names = [pair for pair in token.partition("?")[2].split("&") if not pair.startswith("X-Amz-Signature=")]
        request = AWSRequest("GET", f"https://{token.partition('?')[0]}?{'&'.join(names)}")
        request.context["timestamp"] = given["X-Amz-Date"]
        credentials = Credentials(given["X-Amz-Credential"].partition("/")[0], secret.key, secret.session or None)
        auth = SigV4QueryAuth(credentials, SERVICE, self.region)
        return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def _check_time(given: dict[str, str], now: datetime.datetime) -> None:
    try:
        signed = datetime.datetime.strptime(given["X-Amz-Date"], TIME).replace(tzinfo=datetime.UTC)
        seconds = int(given["X-Amz-Expires"])
    except ValueError as error:
        raise TokenRefused("it is not a token: its time is none") from error
    if not 1 <= seconds <= SECONDS:
        raise TokenRefused(f"the token is valid for {seconds} seconds, which are more than {SECONDS} or none")
    age = (now - signed).total_seconds()
    if not -SECONDS <= age < seconds:
        raise TokenRefused(f"the token was signed {age:.0f} seconds ago, and is valid for {seconds}")
