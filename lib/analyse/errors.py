"""What stops a piece of work, and how AWS's own words for it are told apart."""

LIMIT = 300  # characters of AWS's message that are kept: some hold kilobytes of an encoded policy
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
DENIED = {
    "UnauthorizedOperation",
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "OptInRequired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",  # also the answer of a region that is not switched on
}

# What AWS answers to good credentials in a region that is not switched on, beside what it answers to bad ones.
NOT_ENABLED = ("AuthFailure", "OptInRequired", "InvalidClientTokenId", "UnrecognizedClientException")


class Stopped(Exception):
    """The user has interrupted the run: what is under way ends between two calls."""


class UnusableAnswer(Exception):
    """A call was answered with success, and without what it was asked for: a proxy's page does that."""

    @classmethod
    def without(cls, operation: str, key: str) -> "UnusableAnswer":
        """Return the error of an answer that lacks a member: an empty list is there, an absent one is not known."""
        return cls(f"the answer to {operation} has no {key}: look for a proxy between here and AWS.")


def code(error: BaseException) -> str:
    """Return AWS's code for an error, or the exception's name where AWS did not answer."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def kind(error: BaseException) -> str:
    """Return what an error means for the reader: denied, expired, interrupted or failed."""
    if isinstance(error, Stopped):
        return "interrupted"
    name = code(error)
    return "expired" if name in EXPIRED else "denied" if name in DENIED else "failed"


def sentence(error: BaseException) -> str:
    """Return an error as one line of a report."""
    if isinstance(error, Stopped):
        return "interrupted"
    response = getattr(error, "response", None) or {}
    text = str(response.get("Error", {}).get("Message") or error)
    fault = "" if isinstance(error, refusals()) else "unexpected "
    return f"{fault}{code(error)}: {' '.join(text.split())}"[:LIMIT]


def refusals() -> tuple[type[Exception], ...]:
    """Return the exceptions by which a call can fail although the others may succeed."""
    return client_error(), sdk_error(), unreadable(), UnusableAnswer


def endings() -> tuple[type[Exception], ...]:
    """Return what can end a call that was started: a refusal, or an interruption."""
    return Stopped, *refusals()


def unreadable() -> type[Exception]:
    """Return the exception by which the SDK says that an answer cannot be read."""
    from botocore.parsers import ResponseParserError

    error_type: type[Exception] = ResponseParserError
    return error_type


def unreachable() -> tuple[type[Exception], ...]:
    """Return the exceptions by which the SDK says that nothing answers."""
    from botocore import exceptions

    return (
        exceptions.EndpointConnectionError,
        exceptions.ConnectTimeoutError,
        exceptions.ReadTimeoutError,
        exceptions.ProxyConnectionError,
    )


def client_error() -> type[Exception]:
    """Return the exception by which AWS says no."""
    from botocore.exceptions import ClientError

    error_type: type[Exception] = ClientError
    return error_type


def sdk_error() -> type[Exception]:
    """Return the exception by which the SDK says that AWS was not reached, or not asked."""
    from botocore.exceptions import BotoCoreError

    error_type: type[Exception] = BotoCoreError
    return error_type
