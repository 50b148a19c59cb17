"""Every check: what is asked of AWS stands apart from what is concluded from the answer."""

from collections.abc import Sequence

from lib.check_account.checks import (
    api_gateway,
    bootstrap,
    certificates,
    databases,
    os_metrics,
    policies,
    quotas,
    regions,
    roles,
    streams,
    zones,
)
from lib.check_account.model import Check, System

GROUPS = (roles, quotas, api_gateway, bootstrap, zones, databases, os_metrics, streams, certificates, policies)


def of_account(systems: Sequence[System]) -> list[Check]:
    """Return the checks that come first: which regions are switched on."""
    return regions.checks(systems)


def of_systems(systems: Sequence[System]) -> list[Check]:
    """Return the checks of everything that the systems declare."""
    return [check for group in GROUPS for check in group.checks(systems)]
