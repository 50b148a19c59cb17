"""The metrics that AWS's services write, read from aws_metrics.toml, and what is wrong with the use of one."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).with_suffix(".toml")
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
STATISTICS = frozenset({"Average", "Maximum", "Minimum", "SampleCount", "Sum"})
PERCENTILE = re.compile(r"p(100(\.0{0,10})?|\d{1,2}(\.\d{0,10})?)")


@dataclass(frozen=True)
class Metric:
    """One metric of an AWS service.

    Attributes:
        unit: CloudWatch's name of the unit.
        statistics: those that say something of it; ``p`` stands for every percentile.
        dimensions: the sets of dimensions that it is written with.
        reported: ``always``, ``traffic`` or ``nonzero``: when there is a value.
        period: seconds between two values.
    """

    unit: str
    statistics: frozenset[str]
    dimensions: frozenset[frozenset[str]]
    reported: str
    period: int


@lru_cache
def metrics() -> Mapping[str, Mapping[str, Metric]]:
    """Return every metric of the table: namespace, name, metric."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        namespace: {
            name: Metric(
                unit,
                frozenset(statistics.split()),
                frozenset(frozenset(dimensions.replace("-", "").split()) for dimensions in part["sets"][group]),
                reported,
                part["period"],
            )
            for name, (unit, statistics, group, reported) in part["metrics"].items()
        }
        for namespace, part in table.items()
    }


def near(name: str, names: Iterable[str]) -> str:
    """Return a hint at the name that was meant, or nothing."""
    found = difflib.get_close_matches(name, list(names), n=1)
    return f" (is {found[0]!r} meant?)" if found else ""


def misuse(namespace: str, name: str, dimensions: Iterable[str], statistic: str) -> Iterator[str]:
    """Say what is wrong with the use of a metric of an AWS service: it would never have a value."""
    names = metrics().get(namespace)
    if names is None:
        yield f"no AWS service writes to the namespace {namespace!r}{near(namespace, metrics())}"
    elif name not in names:
        yield f"{namespace} has no metric {name!r}{near(name, names)}"
    else:
        yield from _wrong_use(f"{namespace} {name}", names[name], frozenset(dimensions), statistic)


def _wrong_use(title: str, metric: Metric, dimensions: frozenset[str], statistic: str) -> Iterator[str]:
    if dimensions not in metric.dimensions:
        known = " | ".join(sorted(" ".join(sorted(group)) or "none" for group in metric.dimensions))
        yield f"{title} has no values by {' '.join(sorted(dimensions)) or 'no dimension'}: {known}"
    if not ({statistic, "p" if PERCENTILE.fullmatch(statistic) else statistic} & metric.statistics):
        yield f"{title}: the statistic {statistic!r} says nothing of it: {' '.join(sorted(metric.statistics))}"
