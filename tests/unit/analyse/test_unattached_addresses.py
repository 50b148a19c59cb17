"""Elastic IP addresses that are associated with nothing are found, with a price only where it is theirs."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lib.analyse import region_names
from lib.analyse.checks import unattached_addresses
from lib.analyse.model import Address, Context
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse.auditor import HERE, PRICED, gaps

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ONLY = ("--region", PRICED, "--check", "unattached-address")


def account(*rows: dict[str, object]) -> content.Content:
    found = content.Content()
    found.rows["Addresses"] = list(rows)
    return found


def test_an_address_without_an_association_is_found_with_what_it_costs_a_month(start):
    cloud = analyse.cloud(account(content.address(1, PRICED, Tags=content.tags(Owner="ann"))))
    code, report = start(cloud)(*ONLY)
    (finding,) = report["findings"]
    assert (code, finding["monthly_usd"], finding["severity"], finding["owner"]) == (1, 3.65, "low", "ann")
    assert finding["arn"].endswith(":elastic-ip/eipalloc-00000000000000001")
    assert cloud.counts() == {
        "sts:GetCallerIdentity": 1,
        "account:GetAccountInformation": 1,
        "ec2:DescribeAddresses": 1,
    }


@pytest.mark.parametrize("other", [{"InstanceId": "i-1"}, {"NetworkInterfaceId": "eni-1"}])
def test_an_address_with_an_association_is_not_found(start, other):
    rows = account(content.address(1, PRICED, AssociationId="eipassoc-1", **other))
    assert start(analyse.cloud(rows))(*ONLY)[1]["findings"] == []


@pytest.mark.parametrize(
    ("other", "kind", "monthly", "severity", "reason"),
    [
        ({"PublicIpv4Pool": "ipv4pool-ec2-012"}, "byoip", 0, "info", None),
        ({"PublicIpv4Pool": "ipam-pool-1"}, "other-pool", None, "medium", "from the pool ipam-pool-1"),
        ({"PublicIpv4Pool": None}, "amazon", 3.65, "low", None),
        (
            {"PublicIpv4Pool": None, "PublicIp": None, "CustomerOwnedIp": "198.51.100.1"},
            "customer-owned",
            None,
            "medium",
            "from the pool of an Outpost",
        ),
        ({"NetworkBorderGroup": f"{PRICED}-bos-1"}, "amazon", None, "medium", f"in {PRICED}-bos-1, which has prices"),
    ],
)
def test_an_address_of_another_kind_has_the_price_of_its_kind_or_none(start, other, kind, monthly, severity, reason):
    (finding,) = start(analyse.cloud(account(content.address(1, PRICED, **other))))(*ONLY)[1]["findings"]
    assert (finding["type"], finding["monthly_usd"], finding["severity"]) == (kind, monthly, severity)
    assert (reason or "") in (finding["unpriced"] or "")
    assert finding["details"]["address"]


def test_a_denied_call_is_a_gap(start):
    code, report = start(analyse.cloud(account(), denied={"DescribeAddresses"}))(*ONLY)
    assert (code, list(gaps(report))) == (3, [(PRICED, "addresses")])


def test_a_region_that_is_not_in_the_table_has_no_price(start):
    report = start(analyse.cloud(account(content.address(1, HERE))))("--region", HERE, *ONLY[2:])[1]
    assert report["findings"][0]["unpriced"] == f"no price for public IPv4 addresses in {HERE}"


def test_yuan_are_no_dollars():
    name = "China (Beijing)"
    code = next(code for code, found in region_names.names().items() if found == name)
    prices = analyse_prices.prices(**{name: analyse_prices.region("CNY", addresses={"idle": {"hour": "0.05"}})})
    context = Context("123456789012", code, "aws-cn", NOW, prices)
    (finding,) = unattached_addresses.evaluate(Address("eipalloc-1", "203.0.113.1", "amazon", code), context)
    assert finding.cost is not None
    assert (finding.cost.monthly, finding.cost.usd, finding.severity) == (Decimal("36.5"), None, "medium")
