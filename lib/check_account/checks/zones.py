"""Does the region offer this account the availability zones that a system names?

An account has its own letters, and not every letter:
https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lib.check_account.account import Account
from lib.check_account.model import Check, Row, System, Verdict
from lib.declared.cloudformation import ZONE_QUESTION

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import FilterTypeDef

# Local and wavelength zones have to be opted into, and offer no databases.
FILTERS: "list[FilterTypeDef]" = [{"Name": "opt-in-status", "Values": ["opt-in-not-required"]}]


def declared(system: System) -> dict[str, list[str]]:
    """Return the zones that a system names by region; the other tools take what the account is offered."""
    named: dict[str, set[str]] = {}
    for subnet in system.of("AWS::EC2::Subnet") if system.declaration.tool == "cdk" else ():
        if not subnet.options.get(ZONE_QUESTION):
            named.setdefault(subnet.region, set()).add(str(subnet.properties["AvailabilityZone"]))
    return {region: sorted(names) for region, names in named.items()}


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each region in which a system names zones."""
    return [_check(system, region, names) for system in systems for region, names in declared(system).items()]


def collect(account: Account, region: str) -> list[str]:
    """Return the zones that a region offers to the account, in whatever state they are now."""
    answer = account.client("ec2", region).describe_availability_zones(Filters=FILTERS)
    return sorted(zone["ZoneName"] for zone in answer["AvailabilityZones"])


def evaluate(check: Check, names: Sequence[str], offered: Sequence[str]) -> list[Row]:
    """Return whether every zone is offered, and which ones are."""
    missing = [name for name in names if name not in offered]
    found = ", ".join(offered) or "none"
    if not missing:
        return [check.row(Verdict.OK, found)]
    letters = ",".join(name.removeprefix(check.region) for name in offered[: len(names)])
    return [check.row(Verdict.CHANGE, found, fix=f"set AVAILABILITY_ZONES={letters} before the first deployment")]


def _check(system: System, region: str, names: Sequence[str]) -> Check:
    check = Check(
        what=f"availability zones of {system.name}",
        region=region,
        needed=", ".join(names),
        collect=lambda account: collect(account, region),
        evaluate=lambda offered: evaluate(check, names, offered),
    )
    return check
