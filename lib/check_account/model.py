"""The words of the account check: a system, a check, a row of the table, a change that ``--fix`` can make."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lib.common import region
from lib.common.json_types import JsonMapping

if TYPE_CHECKING:
    from lib.check_account.account import Account
    from lib.declared.model import Declaration, Resource


class Verdict(StrEnum):
    """What a row says; the values are what the table and the JSON print."""

    OK = "ok"
    CHANGE = "change"  # must be changed, or the deployment fails
    NOT_ASKED = "not asked"  # no permission, no network, a region that is not switched on
    NOT_ANSWERED = "not answered by the emulator"


@dataclass(frozen=True)
class Call:
    """One AWS API call that changes something.

    Args:
        service: boto3's name of the service.
        operation: boto3's name of the operation, for example ``create_role``.
        region: where it is sent.
        parameters: what it is sent with.
        command: the same call for the AWS CLI.
    """

    service: str
    operation: str
    region: str
    parameters: JsonMapping
    command: str


@dataclass(frozen=True)
class Row:
    """One line of the report.

    Args:
        what: what was looked at, for example ``service-linked role AWSServiceRoleForRDS``.
        region: where; '' for what the account has once.
        needed: what the systems need.
        found: what the account has, or why that is not known.
        verdict: the conclusion.
        fix: the exact command or the setting that makes it right; '' where nothing is to be done.
        calls: what ``--fix`` would do, in order; empty for what it leaves to a human.
    """

    what: str
    region: str
    needed: str
    found: str
    verdict: Verdict
    fix: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Check:
    """A question to AWS and the conclusion from its answer.

    Args:
        what: what is looked at.
        region: where; '' for what the account has once.
        needed: what the systems need, for the row that says that it could not be asked.
        collect: asks AWS; whatever it raises of botocore's becomes a row.
        evaluate: makes rows of the answer, and asks nothing.
    """

    what: str
    region: str
    needed: str
    collect: Callable[["Account"], Any]
    evaluate: Callable[[Any], Sequence[Row]]

    def row(self, verdict: Verdict, found: str, needed: str = "", fix: str = "", calls: Sequence[Call] = ()) -> Row:
        """Return a row of this check."""
        return Row(self.what, self.region, needed or self.needed, found, verdict, fix, tuple(calls))


@dataclass(frozen=True)
class System:
    """A system as it would be deployed now.

    Args:
        name: for example ``payment``.
        suffix: the environment's suffix.
        declaration: everything that it declares.
        document: the IaC tool's own form of it, for example a CloudFormation template.
        state_bucket: the S3 bucket that the tool keeps its state in, or ''.
    """

    name: str
    suffix: str
    declaration: "Declaration"
    document: JsonMapping = field(default_factory=dict)
    state_bucket: str = ""

    def of(self, kind: str) -> list["Resource"]:
        """Return what it declares of a CloudFormation type, or of a whole service (``AWS::RDS::``)."""
        resources = self.declaration.resources
        return [r for r in resources if r.type == kind or (kind.endswith("::") and r.type.startswith(kind))]

    def regions(self) -> list[str]:
        """Return the regions that it needs: those it declares something in, and Route 53's for its figures."""
        regions = {resource.region for resource in self.declaration.resources}
        if self.of("AWS::Route53::HealthCheck"):
            # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
            regions.add(region.global_region(self.declaration.region))
        return sorted(regions)


def in_region(systems: Sequence[System], kind: str) -> dict[str, list[tuple[System, "Resource"]]]:
    """Return what systems declare of a type, by region."""
    by_region: dict[str, list[tuple[System, Resource]]] = {}
    for system in systems:
        for resource in system.of(kind):
            by_region.setdefault(resource.region, []).append((system, resource))
    return dict(sorted(by_region.items()))


def emulated(row: Row) -> Row:
    """Return a row that could not be asked as one that the emulator does not answer."""
    return replace(row, verdict=Verdict.NOT_ANSWERED) if row.verdict is Verdict.NOT_ASKED else row
