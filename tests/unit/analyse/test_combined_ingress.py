"""Addresses are added up for each interval of ports, all traffic included; compared with trying every port."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lib.analyse import combined_ingress, internet_exposure, intervals
from lib.analyse.checks import open_ingress
from lib.analyse.model import Rule, SecurityGroup
from tests.unit.analyse.test_severity import CONTEXT, evaluate, rule

SMALL = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))
QUARTERS = ("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8")
EIGHTHS = ("2000::/4", "3000::/4", "::/1", "8000::/1", "2000::/5", "2800::/5")


def numbers(spans) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(st.lists(SMALL))
def test_merging_keeps_every_number_and_leaves_gaps(spans):
    merged = intervals.merge(spans)
    assert numbers(merged) == numbers(spans)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(merged))


@given(st.lists(SMALL), st.lists(SMALL, max_size=3))
def test_what_is_covered_is_what_counting_says(spans, required):
    assert intervals.covers(spans, required) is (numbers(required) <= numbers(spans))


@given(st.lists(SMALL))
def test_the_complement_is_what_is_left_of_the_space(spans):
    assert numbers(intervals.complement(spans, (0, 60))) == set(range(61)) - numbers(spans)


@given(st.lists(SMALL))
def test_elementary_intervals_lie_within_or_outside_of_each(spans):
    found = intervals.elementary(spans)
    assert numbers(found) == numbers(spans)
    assert sum(last - first + 1 for first, last in found) == len(numbers(spans))
    for first, last in spans:
        assert all(len(numbers([part]) & numbers([(first, last)])) in (0, len(numbers([part]))) for part in found)


def brute_force(family: int, cidrs) -> bool:
    """Return whether every first address after some end, and every start of the Internet's parts, is let in."""
    spans = [span for version, span in map(internet_exposure.span, cidrs) if version == family]
    starts = {low for low, _ in internet_exposure.INTERNET[family]} | {last + 1 for _, last in spans}
    critical = [one for one in starts if any(low <= one <= high for low, high in internet_exposure.INTERNET[family])]
    return all(any(first <= one <= last for first, last in spans) for one in critical)


@given(st.lists(st.sampled_from((*QUARTERS, *EIGHTHS, "0.0.0.0/0", "::/0", "8.8.8.0/24"))))
def test_everything_is_what_looking_at_each_critical_address_says(cidrs):
    assert internet_exposure.everything(cidrs) == (brute_force(4, cidrs), brute_force(6, cidrs))


@st.composite
def narrow_rules(draw: st.DrawFn) -> list[Rule]:
    """Rules of which none lets all of the Internet in by itself, on the ports 0 to 9."""
    found = []
    for number in range(draw(st.integers(0, 6))):
        protocol = draw(st.sampled_from(("tcp", "tcp", "6", "udp", "-1")))
        first = draw(st.integers(0, 9))
        last = draw(st.integers(first, 9))
        cidrs = draw(st.lists(st.sampled_from((*QUARTERS, *EIGHTHS)), min_size=1, max_size=3))
        if not any(internet_exposure.everything(cidrs)):
            every = protocol == "-1"
            ports = (None, None) if every else (first, last)
            found.append(Rule(f"sgr-{number}", protocol, *ports, cidrs[0], tuple(cidrs)))
    return found


def let_in(rules, name: str, port: int) -> tuple[bool, bool]:
    """Return whether all of IPv4 and of IPv6 reaches a port, by asking each rule."""
    asked = [r for r in rules if r.protocol == "-1" or (combined_ingress.protocol(r) == name and port in span_of(r))]
    cidrs = [cidr for r in asked for cidr in r.cidrs or ()]
    return brute_force(4, cidrs), brute_force(6, cidrs)


def span_of(one: Rule) -> range:
    return range(one.from_port or 0, (one.to_port or 0) + 1)


@given(narrow_rules())
def test_the_ports_that_are_told_are_those_that_all_of_the_internet_reaches(rules):
    opened = [part for parts in combined_ingress.together(rules).values() for part in parts]
    for name in ("tcp", "udp"):
        for port in range(11):
            told = any(
                part.protocol == "-1" or (combined_ingress.protocol(part) == name and port in span_of(part))
                for part in opened
            )
            reached = any(let_in(rules, name, port))
            by_all_traffic = any(let_in([r for r in rules if r.protocol == "-1"], name, port))
            named = any(combined_ingress.protocol(r) == name for r in rules)
            assert told is (reached and (named or by_all_traffic))


def test_a_port_and_a_range_that_holds_it_are_added_up():
    halves = rule(first=22, source="0.0.0.0/1", identifier="a"), rule("tcp", 0, 65_535, "128.0.0.0/1", "b")
    found = evaluate(*halves)
    assert [(f.id, f.type, f.severity, f.details["open_ports"]) for f in found] == [
        ("a", "sensitive-port", "high", ["tcp 22"]),
        ("b", "sensitive-port", "high", ["tcp 22"]),
    ]
    assert found[1].title.startswith("tcp 22 open to 128.0.0.0/1 and the rest of the Internet")
    assert (found[1].details["from_port"], found[1].details["to_port"]) == (0, 65_535)


def test_all_traffic_counts_for_every_port():
    found = evaluate(rule(first=3389, source="0.0.0.0/1", identifier="a"), rule("-1", None, None, "128.0.0.0/1", "b"))
    assert [(f.id, f.severity, f.details["open_ports"]) for f in found] == [
        ("a", "high", ["tcp 3389"]),
        ("b", "high", ["tcp 3389"]),
    ]


def test_halves_of_all_traffic_need_no_other_rule():
    halves = rule("-1", None, None, "0.0.0.0/1", "a"), rule("-1", None, None, "128.0.0.0/1", "b")
    found = evaluate(*halves, rule(first=22, source="0.0.0.0/1", identifier="c"))
    assert [(f.id, f.type, f.severity) for f in found] == [(n, "all-traffic", "critical") for n in "ab"]


def test_only_the_shared_ports_are_open_and_the_gravest_is_told():
    found = evaluate(rule("tcp", 80, 443, "0.0.0.0/1", "a"), rule("tcp", 443, 500, "128.0.0.0/1", "b"))
    assert [(f.id, f.type, f.severity, f.details["services"]) for f in found] == [
        ("a", "web-port", "info", []),
        ("b", "web-port", "info", []),
    ]


def test_icmp_is_added_up_by_type_and_code():
    found = evaluate(rule("icmp", -1, -1, "0.0.0.0/1", "a"), rule("icmp", 8, -1, "128.0.0.0/1", "b"))
    assert [f.details["open_ports"] for f in found] == [["ICMP type 8"]] * 2
    assert evaluate(rule("icmp", 8, 0, "0.0.0.0/1", "a"), rule("icmp", 3, -1, "128.0.0.0/1", "b")) == []
    single = evaluate(rule("icmp", 8, 0, "0.0.0.0/1", "a"), rule("-1", None, None, "128.0.0.0/1", "b"))
    assert [f.details["open_ports"] for f in single] == [["ICMP type 8"]] * 2


def test_a_protocol_without_ports_is_added_up_too():
    found = evaluate(rule("50", -1, -1, "0.0.0.0/1", "a"), rule("-1", None, None, "128.0.0.0/1", "b"))
    assert [(f.type, f.details["open_ports"]) for f in found] == [("protocol", ["protocol 50"])] * 2


def test_a_rule_open_to_ipv4_lends_its_ipv6_addresses():
    both = Rule("a", "tcp", 22, 22, "pl-1", ("0.0.0.0/0", "::/1"))
    other = evaluate(both, rule(first=22, source="2000::/4", identifier="b"))
    assert [f.id for f in other] == ["a"]
    half = Rule("a", "tcp", 22, 22, "pl-1", ("0.0.0.0/0", "2000::/4"))
    found = evaluate(half, rule(first=22, source="3000::/4", identifier="b"))
    assert [(f.id, f.details["together"]) for f in found] == [("a", False), ("b", True)]


def test_a_protocols_number_is_its_name():
    found = list(open_ingress.evaluate(SecurityGroup("g", "g", "v", (rule("6", 22),), users=1), CONTEXT))
    assert [(f.type, f.severity) for f in found] == [("sensitive-port", "high")]
