"""Sessions, accounts and clients: everything that goes out to AWS goes through here. boto3 is imported when needed."""

import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lib.analyse import errors
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping, JsonValue

ATTEMPTS = 8  # of one call; adaptive mode slows down before it tries again
FIRST_ATTEMPTS = 3  # of the first call: who has no network should hear it soon; and of one that can be done without
CONNECTION_ATTEMPTS = 2  # where nothing answers: more of them wait for minutes
CONNECTIONS = 16
_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/[\w+=,.@/-]+")


def timestamp(value: JsonValue) -> datetime:
    """Return a time from an answer, aware, in UTC; the SDK's own way takes ten times as long."""
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return datetime.fromtimestamp(float(value), UTC)


def milliseconds(value: int) -> datetime:
    """Return the time that CloudWatch Logs writes as milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)


def role_account(arn: str) -> str:
    """Return the account of a role.

    Raises:
        SettingError: no ARN of a role.
    """
    match = _ROLE.fullmatch(arn)
    if match is None:
        raise SettingError(f"--role {arn!r} is no role: write one like 'arn:aws:iam::123456789012:role/auditor'.")
    return match[1]


def member(answer: JsonMapping, operation: str, key: str) -> JsonValue:
    """Return a member that an answer must have.

    Raises:
        UnusableAnswer: it is absent.
    """
    if answer.get(key) is None:
        raise errors.UnusableAnswer.without(operation, key)
    return answer[key]


@dataclass
class Account:
    """One AWS account: its number, and a session that may read it. Clients are made once and shared by threads."""

    id: str
    session: Any
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a region."""
        from botocore.config import Config

        key = (service, region)
        with self.lock:  # making clients of one session at the same time is not safe
            if key not in self.clients:
                attempts = FIRST_ATTEMPTS if service in ("sts", "account") else ATTEMPTS
                config = Config(
                    retries={"mode": "adaptive", "total_max_attempts": attempts},
                    connect_timeout=5,
                    read_timeout=30,
                    max_pool_connections=CONNECTIONS,
                    parameter_validation=False,
                )
                self.clients[key] = client = self.session.client(service, region_name=region, config=config)
                name = client.meta.service_model.service_id.hyphenize()
                client.meta.events.register_first(f"needs-retry.{name}", self._before_retry)
                client.meta.events.register_first(f"request-created.{name}", self._before_attempt)
            return self.clients[key]

    def _before_attempt(self, **_: object) -> None:
        """Send no request of an interrupted run, the second attempt of a call neither."""
        if self.stop.is_set():
            raise errors.Stopped

    def _before_retry(self, attempts: int, caught_exception: Exception | None, **_: object) -> None:
        """End the retries of an interrupted run, and soon those to an endpoint where nothing answers."""
        self._before_attempt()
        if attempts >= CONNECTION_ATTEMPTS and isinstance(caught_exception, errors.unreachable()):
            raise caught_exception

    def release(self, region: str) -> None:
        """Close the connections to a region, and forget its clients: there are thousands in an organization."""
        with self.lock:
            for key in [key for key in self.clients if key[1] == region]:
                self.clients.pop(key).close()

    def close(self) -> None:
        """Close the connections."""
        for client in self.clients.values():
            client.close()


@lru_cache
def _loader(path: str | None) -> Any:
    """Return what reads the SDK's descriptions of services, once for all accounts: EC2's takes a fifth of a second."""
    from botocore.loaders import create_loader

    return create_loader(path)


def _session(**arguments: str | None) -> Any:
    import boto3
    import botocore.session

    profile = arguments.pop("profile_name", None)
    core = botocore.session.Session(profile=profile)
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=timestamp)
    return boto3.session.Session(botocore_session=core, **arguments)


def _identity(client: Any, operation: str, key: str, **parameters: str) -> Any:
    """Return a member of an answer of STS; raises UnusableAnswer, and what the call raises."""
    try:
        answer = getattr(client, operation)(**parameters)
    except KeyError:  # what the SDK raises for an answer without the element that holds the result
        answer = {}
    return member(answer, operation, key)


def own_account(profile: str | None, region: str, stop: threading.Event | None = None) -> Account:
    """Return the account of the credentials at hand: one call to STS. ``stop`` ends its calls when it is set.

    Raises:
        BotoCoreError, ClientError: there are no credentials, or STS refuses them.
        Stopped: ``stop`` was set.
    """
    account = Account("", _session(profile_name=profile, region_name=region), stop=stop or threading.Event())
    account.id = str(_identity(account.client("sts", region), "get_caller_identity", "Account"))
    return account


def assume(base: Account, region: str, arn: str, external_id: str | None = None) -> Account:
    """Return the account of a role that an account may assume: one call to STS.

    Raises:
        BotoCoreError, ClientError: the role cannot be assumed.
        Stopped: the run was interrupted.
    """
    asked = {"RoleArn": arn, "RoleSessionName": "analyse", **({"ExternalId": external_id} if external_id else {})}
    given = _identity(base.client("sts", region), "assume_role", "Credentials", **asked)
    return Account(
        role_account(arn),
        _session(
            region_name=region,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        ),
        stop=base.stop,
    )


def assumed(
    profile: str | None,
    region: str,
    arn: str,
    stop: threading.Event | None = None,
    external_id: str | None = None,
) -> Account:
    """Return the account of a role that the credentials at hand may assume; raises what :func:`assume` raises."""
    base = Account("", _session(profile_name=profile, region_name=region), stop=stop or threading.Event())
    try:
        return assume(base, region, arn, external_id)
    finally:
        base.close()


def account_name(account: Account, region: str) -> str:
    """Return the name that an account was given: one call, in the region that has it for its partition.

    https://docs.aws.amazon.com/accounts/latest/reference/API_GetAccountInformation.html

    Raises:
        BotoCoreError, ClientError, UnusableAnswer: it cannot be read.
        Stopped: the run was interrupted.
    """
    answer = account.client("account", region).get_account_information()
    return str(member(answer, "GetAccountInformation", "AccountName"))


def configured_region(profile: str | None) -> str | None:
    """Return the region that a profile, or the environment, names for the AWS CLI and SDKs, if one does."""
    import botocore.session

    region: str | None = botocore.session.Session(profile=profile).get_config_variable("region")
    return region


def account_regions(account: Account, region: str) -> tuple[list[str], list[str]]:
    """Return the regions that the account has switched on, and those that it has not: one call.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
    """
    answer = account.client("ec2", region).describe_regions(AllRegions=True)
    rows = member(answer, "DescribeRegions", "Regions")
    off = {row["RegionName"] for row in rows if row["OptInStatus"] == "not-opted-in"}
    return sorted({row["RegionName"] for row in rows} - off), sorted(off)
