"""Do the account's quotas leave room for what the systems declare, beside what is used already?

What is needed is counted in the declarations and so follows every setting: a NAT gateway in each zone takes an elastic
IP address in each zone. What a system has in the account already is recognised by its tags and not needed again. The
systems that are named together are counted together: two production stacks need six addresses, a new account has five.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lib.check_account.account import Account, code
from lib.check_account.checks import usage
from lib.check_account.checks.usage import Quota
from lib.check_account.model import Check, Row, System, Verdict
from lib.common.json_types import JsonObject

# Lambda keeps these for functions that reserve nothing.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
UNRESERVED = 100
LAMBDA = Quota("Lambda concurrent executions", "lambda", "L-B99A9384", usage.reserved)


@dataclass(frozen=True)
class Figures:
    """What there is of a quota in a region.

    Args:
        limit: the account's quota.
        used: how much of it is used, by whomever.
        own: what each system has of it already, by the system's name.
    """

    limit: float
    used: float
    own: dict[str, int]


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each quota in each region in which a system needs something of it."""
    needed_checks = []
    for region in sorted({resource.region for system in systems for resource in system.declaration.resources}):
        for quota in usage.QUOTAS:
            needing = [system for system in systems if quota.declared(system, region)]
            if needing:
                needed_checks.append(_check(quota, region, needing))
        functions = [
            system for system in systems if any(r.region == region for r in system.of("AWS::Lambda::Function"))
        ]
        if functions:
            needed_checks.append(_concurrency(region, functions))
    return needed_checks


def collect(account: Account, quota: Quota, region: str, systems: Sequence[System]) -> Figures:
    """Return a quota, what is used of it, and what the systems have of it already."""
    answer = limit(account, quota, region)
    own = {system.name: existing(account, quota, region, system) for system in systems} if quota.arn else {}
    return Figures(float(answer["Value"]), quota.used(account, region, answer), own)


def limit(account: Account, quota: Quota, region: str) -> JsonObject:
    """Return the account's value of a quota; AWS's default where the account has none of its own.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
    """
    client = account.client("service-quotas", region)
    try:
        answer = client.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    except ClientError as error:
        if code(error) != "NoSuchResourceException":
            raise
        answer = client.get_aws_default_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    return dict(answer["Quota"])


def existing(account: Account, quota: Quota, region: str, system: System) -> int:
    """Return how many of a quota's resources carry a system's tags."""
    tags = {"System": system.name, "EnvironmentSuffix": system.suffix}
    pages = (
        account.client("resourcegroupstaggingapi", region)
        .get_paginator("get_resources")
        .paginate(
            TagFilters=[{"Key": key, "Values": [value]} for key, value in tags.items()],
            ResourceTypeFilters=[quota.arn.split(":", 1)[0]],
        )
    )
    pattern = re.compile(f"arn:[^:]+:{quota.arn}$")
    return sum(bool(pattern.match(one["ResourceARN"])) for page in pages for one in page["ResourceTagMappingList"])


def missing(quota: Quota, region: str, system: System, own: int) -> int:
    """Return how much of a quota a system still needs in a region."""
    needed, created = quota.declared(system, region), quota.made(system, region)
    # Of three gateways in three zones one counts in each zone, and there are three of them to be made.
    return -(-needed * max(0, created - own) // created)


def evaluate(check: Check, quota: Quota, systems: Sequence[System], measured: Figures) -> list[Row]:
    """Return whether what is left of a quota is enough."""
    more = {s.name: missing(quota, check.region, s, measured.own.get(s.name, 0)) for s in systems}
    total = sum(more.values())
    needed = f"{total} more ({', '.join(f'{name} {number}' for name, number in more.items())})"
    figures = f"{measured.limit:g} allowed, {measured.used:g} used"
    if measured.used + total <= measured.limit:
        return [check.row(Verdict.OK, figures, needed)]
    return [check.row(Verdict.CHANGE, figures, needed, fix=increase(quota, check.region, measured.used + total))]


def increase(quota: Quota, region: str, value: float) -> str:
    """Return the command that asks AWS for a higher quota."""
    return (
        f"aws service-quotas request-service-quota-increase --region {region} --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {value:g}"
    )


def collect_concurrency(account: Account, region: str, systems: Sequence[System]) -> Figures:
    """Return the concurrency that an account has, what is reserved of it, and by which of the systems."""
    client = account.client("lambda", region)
    answer = client.get_account_settings()["AccountLimit"]
    own = {}
    for system in systems:
        own[system.name] = sum(usage.reservation(client, name) for name in usage.reserving(system, region))
    total = float(answer["ConcurrentExecutions"])
    return Figures(total, total - float(answer["UnreservedConcurrentExecutions"]), own)


def evaluate_concurrency(check: Check, systems: Sequence[System], measured: Figures) -> list[Row]:
    """Return whether functions can reserve what they declare."""
    more = {s.name: max(0, usage.reserved(s, check.region) - measured.own.get(s.name, 0)) for s in systems}
    total, figures = sum(more.values()), f"{measured.limit:g} allowed, {measured.used:g} reserved"
    if not total:
        return [check.row(Verdict.OK, figures, f"nothing more reserved ({', '.join(more)})")]
    needed = f"{total} more reserved ({', '.join(f'{n} {c}' for n, c in more.items() if c)}), {UNRESERVED} left"
    if measured.used + total + UNRESERVED <= measured.limit:
        return [check.row(Verdict.OK, figures, needed)]
    more_quota = increase(LAMBDA, check.region, measured.used + total + UNRESERVED)
    fix = f"{more_quota}, or set FUNCTION_CONCURRENCY=0 until then"
    return [check.row(Verdict.CHANGE, figures, needed, fix=fix)]


def _check(quota: Quota, region: str, systems: Sequence[System]) -> Check:
    check = Check(
        what=quota.name,
        region=region,
        needed=", ".join(f"{system.name} {quota.declared(system, region)}" for system in systems),
        collect=lambda account: collect(account, quota, region, systems),
        evaluate=lambda figures: evaluate(check, quota, systems, figures),
    )
    return check


def _concurrency(region: str, systems: Sequence[System]) -> Check:
    check = Check(
        what=LAMBDA.name,
        region=region,
        needed=f"{sum(usage.reserved(system, region) for system in systems)} reserved",
        collect=lambda account: collect_concurrency(account, region, systems),
        evaluate=lambda figures: evaluate_concurrency(check, systems, figures),
    )
    return check
