"""How severe a finding is, and how it is told: all traffic, ICMP, sensitive ports and ranges told apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lib.analyse import region_names
from lib.analyse.checks import log_cost, open_ingress, zombie_volumes
from lib.analyse.model import Context, LogGroup, Rule, SecurityGroup, Volume
from lib.analyse.prices import GIB
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse.auditor import PRICED

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CONTEXT = Context("123456789012", PRICED, "aws", NOW, analyse_prices.prices())


def rule(protocol="tcp", first=22, last=None, source="0.0.0.0/0", identifier="sgr-1", cidrs=None) -> Rule:
    last = first if last is None else last
    return Rule(identifier, protocol, first, last, source, cidrs or (source,))


def evaluate(*rules: Rule, users: int | None = 1):
    return list(open_ingress.evaluate(SecurityGroup("sg-1", "web", "vpc-1", rules, users=users), CONTEXT))


@pytest.mark.parametrize(
    ("given_rule", "kind", "severity", "title"),
    [
        (rule("-1", None), "all-traffic", "critical", "all traffic"),
        (rule("icmp", -1), "icmp", "low", "ICMP"),
        (rule("icmp", 8, -1), "icmp", "low", "ICMP type 8"),
        (rule("icmpv6", -1, source="::/0"), "icmp", "low", "ICMPv6"),
        (rule("tcp", 22), "sensitive-port", "high", "tcp 22"),
        (rule("udp", 161), "sensitive-port", "high", "udp 161"),
        (rule("tcp", 0, 65_535), "sensitive-range", "high", "tcp 0-65535"),
        (rule("tcp", 443), "web-port", "info", "tcp 443"),
        (rule("udp", 443), "port", "medium", "udp 443"),
        (rule("tcp", 8080), "sensitive-port", "high", "tcp 8080"),
        (rule("tcp", 8443), "port", "medium", "tcp 8443"),
        (rule("tcp", 80, 443), "sensitive-range", "high", "tcp 80-443"),
        (rule("tcp", 8000, 8010), "range", "medium", "tcp 8000-8010"),
        (rule("tcp", 80, 90), "range", "medium", "tcp 80-90"),
        (rule("50", -1), "protocol", "medium", "protocol 50"),
        (rule("50", None), "protocol", "medium", "protocol 50"),
    ],
)
def test_what_is_open_is_told_apart(given_rule, kind, severity, title):
    (found,) = evaluate(given_rule)
    assert (found.type, found.severity) == (kind, severity)
    assert found.title.startswith(f"{title} open to ")


@pytest.mark.parametrize(
    ("users", "severity", "used"),
    [
        (0, "high", "nothing"),
        (None, "critical", "nobody knows what"),
        (1, "critical", "1 interface"),
        (2, "critical", "2 interfaces"),
    ],
)
def test_use_lowers_by_one_step_only_when_it_is_known_to_be_none(users, severity, used):
    (found,) = evaluate(rule("-1", None), users=users)
    assert found.severity == severity
    assert found.title.endswith(f"used by {used}")
    assert found.details["attached"] is (None if users is None else users > 0)


@pytest.mark.parametrize("severity", ["low", "info"])
def test_the_least_severities_are_never_lowered(severity):
    assert open_ingress.severity(severity, 0) == severity


def test_two_halves_are_found_together_and_a_bystander_is_not():
    halves = rule(source="0.0.0.0/1", identifier="a"), rule(source="128.0.0.0/1", identifier="b")
    found = evaluate(*halves, rule(source="8.8.8.8/32", identifier="c"), rule(source="10.0.0.0/8", identifier="d"))
    assert [(f.id, f.details["together"]) for f in found] == [("a", True), ("b", True)]
    assert "and the rest of the Internet" in found[0].title


def test_halves_on_two_ports_are_not_the_world():
    assert evaluate(rule(first=22, source="0.0.0.0/1"), rule(first=23, source="128.0.0.0/1")) == []


def test_halves_of_ipv6_leave_a_narrow_rule_of_ipv4_alone():
    rules = [rule(source=s, identifier=s) for s in ("::/1", "8000::/1", "8.8.8.0/24")]
    assert [f.id for f in evaluate(*rules)] == ["::/1"]


def test_a_prefix_list_that_holds_the_world_is_found_and_an_unreadable_one_is_not_judged():
    world = rule(source="pl-1", cidrs=("10.0.0.0/8", "0.0.0.0/0"))
    unread = Rule("sgr-2", "tcp", 22, 22, "pl-2", None)
    assert [f.details["source"] for f in evaluate(world, unread)] == ["pl-1"]


@pytest.mark.parametrize(
    ("size", "kind", "severity"),
    [(100, "gp3", "low"), (125, "gp3", "medium"), (1250, "gp3", "high"), (1, "new", "medium")],
)
def test_dear_volumes_are_graver_and_what_cannot_be_priced_is_not_taken_for_cheap(size, kind, severity):
    volume = Volume("vol-1", f"{PRICED}a", kind, size, NOW - timedelta(days=3), 3000, 125, detached_at=NOW)
    (found,) = zombie_volumes.evaluate(volume, CONTEXT)
    assert found.severity == severity
    assert found.details["created_days_ago"] == 3
    assert found.details["detached_at"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("stored", "retention", "severity"),
    [
        (0, None, "info"),
        (GIB, None, "low"),
        (18 * GIB, None, "low"),  # 0.54 of storage, 9.00 of ingestion
        (20 * GIB, None, "medium"),  # 0.60 and 10.00: ingestion counts
        (201 * GIB, None, "high"),
        (GIB, 30, "info"),
        (20 * GIB, 30, "low"),
        (201 * GIB, 30, "medium"),
    ],
)
def test_logs_that_are_kept_for_ever_are_graver_and_ingestion_counts(stored, retention, severity):
    group = LogGroup("g", "", stored, NOW - timedelta(days=30), retention)
    (found,) = log_cost.evaluate(group, CONTEXT)
    assert found.severity == severity
    assert found.arn.endswith(":log-group:g")
    assert found.details["average_stream_bytes"] is None


def test_logs_without_a_price_are_told_without_one():
    (found,) = log_cost.evaluate(LogGroup("g", "arn:x", GIB, NOW, log_class="DELIVERY"), CONTEXT)
    assert found.cost is not None
    assert (found.cost.monthly, found.details["estimated_ingestion_usd"], found.arn) == (None, None, "arn:x")
    assert found.severity == "medium", "what has no price is not taken for cheap"
    (expiring,) = log_cost.evaluate(LogGroup("g", "arn:x", GIB, NOW, 7, log_class="DELIVERY"), CONTEXT)
    assert expiring.severity == "info"


def test_yuan_of_logs_are_no_small_amount_of_dollars():
    name = "China (Beijing)"
    code = next(code for code, found in region_names.names().items() if found == name)
    prices = analyse_prices.prices(**{name: analyse_prices.region("CNY", logs=analyse_prices.LOGS)})
    (found,) = log_cost.evaluate(LogGroup("g", "", GIB, NOW), replace(CONTEXT, region=code, prices=prices))
    assert found.cost is not None
    assert (found.cost.currency, found.cost.usd, found.severity) == ("CNY", None, "medium")


@pytest.mark.parametrize(
    ("days", "retention", "advised", "saved"),
    [
        (730, None, 365, "1.5"),  # half of what is stored
        (730, 3653, 365, "1.5"),
        (3653, 730, 365, "1.5"),
        (365, None, 365, "0"),  # nothing is older yet
        (9, None, 365, "0"),
        (730, 365, None, None),
        (730, 30, None, None),
    ],
)
def test_a_retention_is_advised_with_what_it_saves(days, retention, advised, saved):
    (found,) = log_cost.evaluate(LogGroup("g", "", 100 * GIB, NOW - timedelta(days=days), retention), CONTEXT)
    assert found.details["advised_retention_days"] == advised
    assert found.details["retention_saves_monthly"] == (None if saved is None else float(saved))
    assert ("365 days save 1.50 USD a month" in found.title) is (saved == "1.5")


def test_the_advised_retention_is_a_setting_and_nothing_is_advised_for_nothing():
    group = LogGroup("g", "", 100 * GIB, NOW - timedelta(days=100))
    (found,) = log_cost.evaluate(group, replace(CONTEXT, retention=30))
    assert (found.details["advised_retention_days"], found.details["retention_saves_monthly"]) == (30, 2.1)
    (empty,) = log_cost.evaluate(replace(group, stored=0), CONTEXT)
    assert empty.details["advised_retention_days"] is None
    (unpriced,) = log_cost.evaluate(replace(group, log_class="DELIVERY"), CONTEXT)
    assert (unpriced.details["advised_retention_days"], unpriced.details["retention_saves_monthly"]) == (365, None)


@pytest.mark.parametrize(
    ("ingested", "monthly", "basis", "severity"),
    [
        (None, "16.2", "stored bytes", "medium"),
        (0, "1.2", "IncomingBytes", "low"),
        (8 * GIB, "5.2", "IncomingBytes", "low"),
    ],
)
def test_ingestion_is_what_was_measured_and_otherwise_an_estimate_and_the_finding_says_which(
    ingested, monthly, basis, severity
):
    group = LogGroup("g", "", 40 * GIB, NOW - timedelta(days=40), ingested=ingested)
    (found,) = log_cost.evaluate(group, CONTEXT)
    assert found.cost is not None
    assert (found.cost.monthly, found.details["ingestion_basis"], found.severity) == (Decimal(monthly), basis, severity)
    assert found.details["storage_monthly"] == 1.2
    assert found.details["ingested_bytes"] == ingested


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1 B"), (1024, "1.0 KiB"), (1024**2, "1.0 MiB"), (1024**3, "1.0 GiB"), (1024**4, "1.0 TiB")],
)
def test_bytes_are_told_in_their_unit(number, text):
    assert log_cost.size(number) == text


def test_the_volumes_prices_are_the_tables():
    (found,) = zombie_volumes.evaluate(Volume("vol-1", f"{PRICED}a", "st1", 100, NOW), CONTEXT)
    assert found.cost is not None
    assert found.cost.monthly == Decimal("4.5")


@pytest.mark.parametrize(
    ("created", "detached", "older_than", "found"),
    [
        (10, None, 0, True),
        (10, None, 10, True),
        (10, None, 11, False),
        (400, 3, 30, False),  # an old volume that was in use the other day
        (400, 30, 30, True),
    ],
)
def test_volumes_unused_for_fewer_days_than_asked_are_left_out(created, detached, older_than, found):
    context = replace(CONTEXT, older_than=older_than)
    ended = None if detached is None else NOW - timedelta(days=detached)
    volume = Volume("vol-1", f"{PRICED}a", "gp3", 1, NOW - timedelta(days=created), detached_at=ended)
    assert len(list(zombie_volumes.evaluate(volume, context))) == found
