"""Clients of the account at hand: short time-outs, one client for each service and region, and what an error means."""

import ipaddress
import threading
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lib.common.aws_clients import ClientFactory

# In seconds; the SDK's own patience adds up to minutes before it says that there is no network.
PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"})
ERRORS = (BotoCoreError, ClientError, ValueError)  # ValueError: AWS_ENDPOINT_URL is not an address
MESSAGE_LENGTH = 200  # characters of AWS's message that are kept: some hold an encoded policy
# How services say that something does not exist; each is the error of the operation that the checks call.
ABSENT = {
    "NoSuchEntity",  # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
    "ParameterNotFound",  # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
    "ResourceNotFoundException",  # ACM, Lambda
    "NoSuchHostedZone",  # https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html
}


@dataclass
class Account:
    """The AWS account that the credentials belong to.

    Args:
        home: the region of the partition that has what there is once; it is never switched off.
        session: makes the clients.
    """

    home: str
    session: boto3.Session = field(default_factory=boto3.Session)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def client(self) -> ClientFactory:
        """Return the client of a service in a region, by default the home region.

        Its call raises BotoCoreError or ValueError for a profile or an endpoint that cannot be used.
        """
        return self._client

    def _client(self, service: str, region: str = "") -> Any:
        key = (service, region or self.home)
        with self._lock:  # making clients of one session at the same time is not safe
            if key not in self._clients:
                self._clients[key] = cast(Any, self.session).client(service, region_name=key[1], config=PATIENCE)
            return self._clients[key]

    def identity(self) -> str:
        """Return the caller's ARN, asked in the home region: elsewhere a region that is off would refuse any key.

        Raises:
            BotoCoreError, ClientError, ValueError: no credentials, no network, or keys that AWS refuses.
        """
        return str(self.client("sts").get_caller_identity()["Arn"])

    def emulator(self) -> str:
        """Return the emulator's address when the environment leads to loopback, and '' for AWS."""
        try:
            url = str(self.client("sts").meta.endpoint_url)
        except ERRORS:
            return ""
        return url if is_loopback(urlsplit(url).hostname or "") else ""


def is_loopback(host: str) -> bool:
    """Return whether a host's name or address stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def code(error: BaseException) -> str:
    """Return AWS's code of an error, or the exception's name where AWS did not answer."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def is_absent(error: ClientError) -> bool:
    """Return whether an error says that the thing asked for does not exist."""
    return code(error) in ABSENT


def sentence(error: BaseException) -> str:
    """Return an error as one line of the report: code, and the beginning of the message."""
    response = getattr(error, "response", None)
    text = str(response.get("Error", {}).get("Message", "") if response else error)
    return f"{code(error)}: {' '.join(text.split())}".removesuffix(": ")[:MESSAGE_LENGTH]
