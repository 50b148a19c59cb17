"""Tables of a system's document that come from what is declared: alarms, environments, what stays, settings.

.venv/bin/python -m tests.policy.documents [system ...]    writes them again, and docs/changes.md; new alarms get an
                                                           empty advice
"""

import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.common.setting_types import ENVIRONMENTS, Derived, Setting, text_of
from lib.common.system_settings import SystemSettings
from lib.cost import growth, report
from lib.cost.estimate import estimate
from lib.cost.pricing import Prices
from lib.declared.model import Declaration, Resource
from tests.policy import changes_table, left_behind
from tests.policy.arns import KMS_KEYS
from tests.policy.cases import SUFFIX, SYSTEMS, TOOLS, Case, declared

DOCUMENTS = Path(__file__).resolve().parents[2] / "docs" / "systems"
ALARMS = ("alarm", "fires when", "look first at")
CAPACITY = ("of what there may be too little", "at the most", "needed", "from", "there is")
COST = ("while nothing uses it", "unit price (USD)", *(f"`{environment}`, a month" for environment in ENVIRONMENTS))
USE = ("paid by use", "price (USD)")
GROWTH = ("the load, and what it meets", "takes", *(f"{factor:,} x" for factor in growth.FACTORS), "moved by")
SETTINGS = ("variable", "default", "takes", "what it is", "on a deployed stack")
PULUMI_SETTINGS = ("variable", "configuration", *SETTINGS[1:])
DIFFERENCES = ("", *(f"`{environment}`" for environment in ENVIRONMENTS))
WITHOUT_DATA = {
    "notBreaching": "",
    "breaching": ", or there is no data",
    "missing": "; without data: insufficient data",
    "ignore": "; without data: as it was",
}
OPERATORS = {"GreaterThanThreshold": ">", "LessThanThreshold": "<"}
UNITS = ((1024**3, " GiB"), (1024**2, " MiB"))
MINUTE, HOUR = 60, 3600
DATABASES = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")


def document(system: str) -> Path:
    """Return the file of a system's document."""
    return DOCUMENTS / f"{system}.md"


def table(text: str, head: Sequence[str]) -> list[list[str]]:
    """Return the rows of the table that has this head, each as its cells.

    Raises:
        ValueError: there is no such table, or a second one.
    """
    first, last = _span(text, head)
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[first + 2 : last]]


def replaced(text: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a document's text with other rows in the table that has this head."""
    (first, last), lines = _span(text, head), text.splitlines()
    lines[first + 2 : last] = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _span(text: str, head: Sequence[str]) -> tuple[int, int]:
    lines = text.splitlines()
    found = [number for number, line in enumerate(lines) if [c.strip() for c in line.split("|")[1:-1]] == list(head)]
    if len(found) != 1:
        raise ValueError(f"There are {len(found)} tables with the head {' | '.join(head)!r}: one is needed.")
    last = next((n for n in range(found[0], len(lines)) if not lines[n].startswith("|")), len(lines))
    return found[0], last


def amount(number: float) -> str:
    """Return a threshold as people write it."""
    for size, unit in UNITS:
        if number and number % size == 0:
            return f"{number / size:g}{unit}"
    return f"{number:g}"


def duration(seconds: int) -> str:
    """Return a period as people write it: ``1 min``, ``1 h``."""
    return f"{seconds // HOUR} h" if seconds % HOUR == 0 else f"{seconds // MINUTE} min"


def condition(alarm: Resource) -> str:
    """Return when an alarm fires: ``Sum of `5XXError` > 5, 3 x 1 min``."""
    found = alarm.properties
    statistic, metric, period = found.get("ExtendedStatistic") or found.get("Statistic"), "", found.get("Period")
    if "Metrics" in found:
        metrics = {query["Id"]: query["MetricStat"] for query in found["Metrics"] if "MetricStat" in query}
        (computed,) = (query["Expression"] for query in found["Metrics"] if "Expression" in query)
        words = [str(metrics[word]["Metric"]["MetricName"]) if word in metrics else word for word in computed.split()]
        metric, statistic, period = " ".join(words), metrics["whole"]["Stat"], metrics["whole"]["Period"]
    compared = f"{statistic} of `{metric or found['MetricName']}` {OPERATORS[found['ComparisonOperator']]}"
    times = f"{found['EvaluationPeriods']} x {duration(int(str(period)))}"
    return f"{compared} {amount(float(found['Threshold']))}, {times}{WITHOUT_DATA[found['TreatMissingData']]}"


def alarms(system: str) -> dict[str, str]:
    """Return when each alarm of a system's production fires, by the middle part of its name."""
    found: dict[str, str] = {}
    for alarm in declared(Case(system, "production")).of("AWS::CloudWatch::Alarm"):
        part = str(alarm.properties["AlarmName"]).removeprefix(f"{system}-").removesuffix(f"-{SUFFIX}")
        when = condition(alarm)
        if found.setdefault(part, when) != when:
            raise ValueError(
                f"{system}: the alarm {part} fires on {found[part]!r} in one region, on {when!r} elsewhere"
            )
    return found


def _values(declaration: Declaration, path: str, *types: str) -> Iterator[object]:
    """Yield every value that resources of these types have at a path."""
    for kind in types:
        yield from (value for resource in declaration.of(kind) if (value := resource.at(path)) is not None)


def _days(path: str, *types: str) -> Callable[[Declaration], str]:
    def days(declaration: Declaration) -> str:
        found = sorted({int(str(value)) for value in _values(declaration, path, *types)})
        return f"{' or '.join(map(str, found))} day{'s' if found != [1] else ''}" if found else ""

    return days


def _keys(declaration: Declaration) -> str:
    """Return how long deleted keys wait; those that outlive the stack are not deleted."""
    days = _days("PendingWindowInDays", *KMS_KEYS)(declaration)
    return "keys stay" if days and all(key.retained for kind in KMS_KEYS for key in declaration.of(kind)) else days


def _databases(declaration: Declaration) -> str:
    instances = declaration.of("AWS::RDS::DBInstance")
    if not instances:
        return ""
    regions = {instance.region for instance in instances}
    standby = ", a standby in a second zone" if any(i.properties.get("MultiAZ") for i in instances) else ""
    return f"{len(instances) // len(regions)}{' in each region' if len(regions) > 1 else ''}{standby}"


def _zones(declaration: Declaration) -> str:
    found: dict[str, set[str]] = {}
    for subnet in declaration.of("AWS::EC2::Subnet"):
        found.setdefault(subnet.region, set()).add(str(subnet.properties.get("AvailabilityZone")))
    return " or ".join(sorted({str(len(zones)) for zones in found.values()}))


def _gateways(declaration: Declaration) -> str:
    return str(len(declaration.of("AWS::EC2::NatGateway")) or "")


def _protected(declaration: Declaration) -> str:
    found = {bool(value) for value in _values(declaration, "DeletionProtection", *DATABASES)}
    return " or ".join(sorted("yes" if each else "no" for each in found))


def _locked(declaration: Declaration) -> str:
    path = "ObjectLockConfiguration.Rule.DefaultRetention"
    found = [value for value in _values(declaration, path, "AWS::S3::Bucket") if isinstance(value, Mapping)]
    return " or ".join(f"{each['Days']} day{'s' if int(each['Days']) > 1 else ''}, `{each['Mode']}`" for each in found)


def _stream(declaration: Declaration) -> str:
    return " or ".join(f"{hours} h" for hours in _values(declaration, "RetentionPeriodHours", "AWS::Kinesis::Stream"))


def _requests(declaration: Declaration) -> str:
    found: dict[str, str] = {}
    for stage in declaration.of("AWS::ApiGateway::Stage"):
        for each in stage.properties.get("MethodSettings", []):
            path = str(each["ResourcePath"]).replace("~1", "/").replace("//", "/").removesuffix("/*") or "all"
            found[path] = f"{each['ThrottlingRateLimit']} and {each['ThrottlingBurstLimit']}"
    others = (f"{found[path]} for `{path}`" for path in sorted(found) if path != "all")
    return "; ".join([*filter(None, [found.get("all")]), *others])


def _traces(declaration: Declaration) -> str:
    found = {bool(value) for value in _values(declaration, "TracingEnabled", "AWS::ApiGateway::Stage")}
    return " or ".join(sorted("yes" if each else "no" for each in found))


def _metrics(declaration: Declaration) -> str:
    stages = [stage.at("MethodSettings", []) for stage in declaration.of("AWS::ApiGateway::Stage")]
    found = {bool(each["MetricsEnabled"]) for settings in stages for each in settings}
    return " or ".join(sorted("yes" if each else "no" for each in found))


def _insights(declaration: Declaration) -> str:
    clusters = [cluster.at("ClusterSettings", []) for cluster in declaration.of("AWS::ECS::Cluster")]
    return " or ".join(f"`{each['Value']}`" for settings in clusters for each in settings)


ROWS: Mapping[str, Callable[[Declaration], str]] = {
    "database instances": _databases,
    "Availability Zones": _zones,
    "NAT gateways": _gateways,
    "database protected from deletion": _protected,
    "automated backups are kept": _days("BackupRetentionPeriod", *DATABASES),
    "Performance Insights are kept": _days("PerformanceInsightsRetentionPeriod", *DATABASES),
    "records stay in the stream": _stream,
    "audit objects are locked": _locked,
    "requests a second, and at once": _requests,
    "requests are traced, a sample": _traces,
    "metrics of each method": _metrics,
    "Container Insights": _insights,
    "logs are kept": _days("RetentionInDays", "AWS::Logs::LogGroup"),
    "deleted keys wait": _keys,
}


def differences(system: str) -> list[list[str]]:
    """Return what differs between a system's environments, a row each; what a system does not have is left out."""
    cases = [declared(Case(system, environment)) for environment in ENVIRONMENTS]
    rows = [[label, *(value(case) for case in cases)] for label, value in ROWS.items()]
    return [row for row in rows if any(row[1:])]


def settings_of(system: str) -> type[SystemSettings]:
    """Return the class of a system's settings."""
    found: type[SystemSettings] = importlib.import_module(f"lib.{system.replace('-', '_')}.settings").Settings
    return found


def default(setting: Setting[Any], files: Sequence[Mapping[str, tuple[str, str]]]) -> str:
    """Return a setting's default as the table has it: once, or for each environment where they differ."""
    words = setting.default.words if isinstance(setting.default, Derived) else f"`{text_of(setting.default)}`"
    values = [f"`{file[setting.variable][1]}`" if setting.variable in file else words for file in files]
    return ", ".join(dict.fromkeys(values) if len(set(values)) == 1 else values).replace("``", "none")


def settings(system: str) -> tuple[Sequence[str], list[list[str]]]:
    """Return the head and the rows of a system's settings."""
    found, pulumi = settings_of(system), TOOLS[system] == "pulumi"
    files = [found.file(environment) for environment in ENVIRONMENTS]
    rows = [
        [
            f"`{each.variable}`",
            *([("" if each.fixed else f"`{each.pulumi_key}`")] if pulumi else []),
            default(each, files),
            each.kind.takes,
            each.about,
            each.change,
        ]
        for each in found.declared().values()
    ]
    return PULUMI_SETTINGS if pulumi else SETTINGS, rows


def capacity(system: str) -> list[list[str]]:
    """Return what production asks for at the most, beside what it has."""
    needs = settings_of(system).read({"ENVIRONMENT": "production"}).capacity()
    return [[each.what, each.arithmetic, f"{each.needed:,}", each.source, f"{each.there:,}"] for each in needs]


def costs(system: str) -> tuple[list[list[str]], list[list[str]]]:
    """Return what a system costs in each environment while nothing uses it, and by use, at the reference's prices."""
    prices = Prices.read().reference()
    found = {each: estimate(declared(Case(system, each)), prices) for each in ENVIRONMENTS}
    return report.document(found), report.used(found)


def growing(system: str) -> list[list[str]]:
    """Return what gives way as a system's load in production grows; nothing for a system that says nothing of it."""
    own = growth.module(system)
    if own is None:
        return []
    settings = settings_of(system).read(Case(system, "production").environ)
    return growth.document(own.of(settings), settings.region, Prices.read().reference())


def written(system: str, text: str) -> str:
    """Return a document's text with its tables as they have to be; the advice for each alarm stays.

    A system without alarms has no table of them, nor one of environments that differ in no row of it, nor one of what
    stays where nothing does, nor one of capacity where nothing limits it.

    Raises:
        ValueError: a table that has rows is not in the text.
    """
    if found := alarms(system):
        advice = {name: row[-1] for row in table(text, ALARMS) for name in re.findall(r"`([^`]+)`", row[0])}
        text = replaced(text, ALARMS, [[f"`{part}`", when, advice.get(part, "")] for part, when in found.items()])
    if rows := differences(system):
        text = replaced(text, DIFFERENCES, rows)
    if rows := left_behind.rows(system):
        text = replaced(text, left_behind.HEAD, rows)
    if rows := capacity(system):
        text = replaced(text, CAPACITY, rows)
    if rows := growing(system):
        text = replaced(text, GROWTH, rows)
    standing, used = costs(system)
    text = replaced(replaced(text, COST, standing), USE, used)
    return replaced(text, *settings(system))


def main(systems: Sequence[str]) -> int:
    """Write the tables of these systems again, or of all, and that of changes."""
    for system in systems or SYSTEMS:
        path = document(system)
        path.write_text(written(system, path.read_text(encoding="utf-8")), encoding="utf-8")
    path = changes_table.DOCUMENT
    text = replaced(path.read_text(encoding="utf-8"), changes_table.HEAD, changes_table.rows())
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
