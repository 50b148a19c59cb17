"""Arithmetic of integer intervals: a CIDR is an interval of addresses, a range of ports one of ports."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

Interval = tuple[int, int]  # first and last number, both included


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the fewest intervals that hold exactly the same numbers, in their order."""
    merged: list[Interval] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def covers(intervals: Iterable[Interval], required: Iterable[Interval]) -> bool:
    """Return whether every number of ``required`` is in one of the intervals."""
    merged = merge(intervals)
    return all(any(first <= low and high <= last for first, last in merged) for low, high in required)


def complement(intervals: Iterable[Interval], space: Interval) -> list[Interval]:
    """Return the intervals of a space that none of the given ones holds; those must lie within the space."""
    gaps, start = list[Interval](), space[0]
    for first, last in merge(intervals):
        if first > start:
            gaps.append((start, first - 1))
        start = last + 1
    return [*gaps, (start, space[1])] if start <= space[1] else gaps


def elementary(intervals: Sequence[Interval]) -> list[Interval]:
    """Return the intervals between neighbouring ends: each given one holds all of such an interval, or none of it."""
    cuts = sorted({first for first, _ in intervals} | {last + 1 for _, last in intervals})
    spans = [(start, end - 1) for start, end in pairwise(cuts)]
    return [span for span in spans if any(first <= span[0] and span[1] <= last for first, last in intervals)]
