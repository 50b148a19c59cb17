"""What the tests of the account check share: declarations by hand, and clients of botocore whose answers are given.

The clients are real and stubbed, so that a parameter or a field that AWS does not have is an error of the test.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3
from botocore.stub import Stubber

from lib.check_account.account import Account
from lib.check_account.model import Check, System
from lib.common import region
from lib.declared.model import Declaration, Resource, references

HERE, THERE = region.pair({})
HOME = region.global_region(HERE)
NUMBER = "123456789012"


def resource(kind: str, name: str = "", where: str = HERE, /, **properties: Any) -> Resource:
    """Return a resource; its name is the type's last part unless given."""
    return Resource(kind, name or kind.split("::")[-1].lower(), properties, where)


def system(*resources: Resource, name: str = "shop", suffix: str = "live", tool: str = "pulumi", **more: Any) -> System:
    """Return a system that declares resources, references between them found."""
    names = frozenset(one.name for one in resources)
    linked = tuple(
        Resource(
            one.type,
            one.name,
            one.properties,
            one.region,
            references=frozenset(owner for owner, _attribute in references(one.properties, names)),
        )
        for one in resources
    )
    return System(name, suffix, Declaration(name, tool, "production", HERE, linked), **more)


def only(checks: list[Check], what: str) -> Check:
    """Return the one check whose title has a part."""
    (found,) = [check for check in checks if what in check.what]
    return found


@lru_cache
def _session() -> Any:
    return boto3.Session(aws_access_key_id=NUMBER, aws_secret_access_key="none", region_name=HERE)


class Stubs:
    """An account whose answers are given in advance, in order, for each service and region."""

    def __init__(self) -> None:
        self.account = Account(HOME, self)
        self.stubbers: dict[tuple[str, str], Stubber] = {}

    def client(self, service: str, region_name: str, config: Any) -> Any:
        """Serve the account as a session does."""
        assert config.connect_timeout <= 5
        return self.stubber(service, region_name).client

    def stubber(self, service: str, where: str) -> Stubber:
        """Return the stubber of a service in a region."""
        if (service, where) not in self.stubbers:
            made = _session().client(service, region_name=where, endpoint_url="https://aws.invalid")
            self.stubbers[service, where] = Stubber(made)
            self.stubbers[service, where].activate()
        return self.stubbers[service, where]

    def answer(
        self, service: str, operation: str, response: Mapping[str, Any], wanted: Any = None, where: str = HERE
    ) -> "Stubs":
        """Add an answer, and what has to be asked for it."""
        self.stubber(service, where).add_response(operation, response, wanted)
        return self

    def error(self, service: str, operation: str, code: str, where: str = HERE, message: str = "no") -> "Stubs":
        """Add a refusal."""
        self.stubber(service, where).add_client_error(operation, code, message)
        return self

    def assert_all_asked(self) -> None:
        """See that every answer was asked for."""
        for stubber in self.stubbers.values():
            stubber.assert_no_pending_responses()
