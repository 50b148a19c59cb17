"""Is every region switched on that the systems need: both of the pair, and the one that has Route 53's metrics."""

from collections.abc import Mapping, Sequence

from lib.check_account.account import Account
from lib.check_account.model import Check, Row, System, Verdict

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Region.html: opt-in-not-required, opted-in, not-opted-in
OFF = "not-opted-in"


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each region; all of them read the same answer."""
    return [_check(name) for name in sorted({name for system in systems for name in system.regions()})]


def collect(account: Account, name: str) -> Mapping[str, str]:
    """Return the opt-in status of a region, which the home region knows of every other one.

    A region that is off refuses every key, so it cannot be asked itself.
    https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
    """
    answer = account.client("ec2").describe_regions(AllRegions=True, RegionNames=[name])
    return {region["RegionName"]: region.get("OptInStatus", "") for region in answer["Regions"]}


def evaluate(check: Check, statuses: Mapping[str, str]) -> list[Row]:
    """Return whether the check's region is switched on."""
    status = statuses.get(check.region, "")
    if not status:
        return [check.row(Verdict.CHANGE, "not offered to this account", fix="choose another region: lib/AWS_REGION")]
    if status == OFF:
        # https://docs.aws.amazon.com/cli/latest/reference/account/enable-region.html; takes minutes, and costs nothing.
        # It is left to a human all the same: a region that is on can be used by everybody in the account.
        fix = f"aws account enable-region --region-name {check.region}"
        return [check.row(Verdict.CHANGE, status, fix=fix)]
    return [check.row(Verdict.OK, status)]


def _check(name: str) -> Check:
    check = Check(
        what="region",
        region=name,
        needed="switched on",
        collect=lambda account: collect(account, name),
        evaluate=lambda statuses: evaluate(check, statuses),
    )
    return check
