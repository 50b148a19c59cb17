"""Ingress rules that let all of the Internet in only together: their addresses are added up for each interval of ports.

A rule for all traffic counts for every protocol and port:
https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lib.analyse import internet_exposure
from lib.analyse.intervals import Interval, elementary, merge
from lib.analyse.model import Rule

ALL_TRAFFIC = "-1"
EVERY_PORT = (0, 65_535)
_CODES = 256  # ICMP has a type and a code of one byte each, where other protocols have ports of two bytes
_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}  # AWS takes both; RFC 5237 has the numbers
_ICMP = ("icmp", "icmpv6")


def protocol(rule: Rule) -> str:
    """Return the protocol's name, also where the rule has its number."""
    return _NAMES.get(rule.protocol, rule.protocol)


def ports(rule: Rule) -> Interval:
    """Return the ports that a rule opens; of ICMP, types and codes as ``type * 256 + code``."""
    first, last = rule.from_port, rule.to_port
    if rule.protocol == ALL_TRAFFIC or first is None or first == -1:
        return EVERY_PORT
    if protocol(rule) in _ICMP:
        low = first * _CODES
        return (low, low + _CODES - 1) if last in (None, -1) else (low + last, low + last)
    return first, first if last is None else last


def _narrowed(rule: Rule, name: str, interval: Interval) -> Rule:
    """Return a rule that is open on this interval alone."""
    if (name, interval) == (rule.protocol, ports(rule)):
        return rule
    first, last = interval
    if name == ALL_TRAFFIC or (name not in ("tcp", "udp") and interval == EVERY_PORT):
        return replace(rule, protocol=name, from_port=None, to_port=None)
    if name in _ICMP:
        code = first % _CODES if first == last else -1
        return replace(rule, protocol=name, from_port=first // _CODES, to_port=code)
    return replace(rule, protocol=name, from_port=first, to_port=last)


@dataclass(frozen=True)
class _Part:
    """The addresses of one family that a rule lets in on some ports."""

    rule: Rule
    protocol: str
    ports: Interval
    addresses: tuple[Interval, ...]


def _parts(rules: Sequence[Rule], family: int) -> list[_Part]:
    parts = []
    for rule in rules:
        spans = (internet_exposure.span(cidr) for cidr in rule.cidrs or ())
        addresses = tuple(span for version, span in spans if version == family)
        if addresses and not internet_exposure.everything_in(family, addresses):
            parts.append(_Part(rule, protocol(rule), ports(rule), addresses))
    return parts


def _largest(parts: Sequence[_Part], family: int) -> list[Rule]:
    """Return the rules with public addresses that no other's contain."""
    spans = [(part.rule, span) for part in parts for span in part.addresses]
    every = {span for _, span in spans}
    largest = []
    for rule, (first, last) in spans:
        inside = any(low <= first and last <= high and (low, high) != (first, last) for low, high in every)
        if not inside and any(first <= high and low <= last for low, high in internet_exposure.INTERNET[family]):
            largest.append(rule)
    return list(dict.fromkeys(largest))


def _open(parts: Sequence[_Part], family: int) -> Iterator[tuple[Rule, Interval]]:
    """Yield which rules open which ports to all of a family's addresses, of parts that can be added up."""
    for interval in elementary([part.ports for part in parts]):
        some = [part for part in parts if part.ports[0] <= interval[0] and interval[1] <= part.ports[1]]
        if internet_exposure.everything_in(family, (span for part in some for span in part.addresses)):
            yield from ((rule, interval) for rule in _largest(some, family))


def _enough(parts: Sequence[_Part], family: int) -> bool:
    return internet_exposure.everything_in(family, (span for part in parts for span in part.addresses))


def together(rules: Sequence[Rule]) -> Mapping[Rule, list[Rule]]:
    """Return the rules that let all of the Internet in only with others, each with what is open by them.

    What is open is told as rules that have the ports, or the protocol, on which the addresses are all of the Internet.
    """
    by_rule: dict[tuple[Rule, str], list[Interval]] = {}
    for family in internet_exposure.FAMILIES:
        parts = _parts(rules, family)
        if not _enough(parts, family):
            continue
        general = [part for part in parts if part.protocol == ALL_TRAFFIC]
        names = sorted({part.protocol for part in parts})
        if _enough(general, family):  # then no port needs any other rule
            names, parts = [ALL_TRAFFIC], general
        for name in names:
            for rule, interval in _open([part for part in parts if part.protocol in (name, ALL_TRAFFIC)], family):
                by_rule.setdefault((rule, name), []).append(interval)
    opened: dict[Rule, list[Rule]] = {}
    for (rule, name), intervals in by_rule.items():
        opened.setdefault(rule, []).extend(_narrowed(rule, name, interval) for interval in merge(intervals))
    return opened
