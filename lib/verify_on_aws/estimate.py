"""What a run costs and how long it takes: the documents' tables of cost, and what earlier runs measured."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lib.common import region
from lib.common.errors import SettingError
from lib.verify_on_aws import evidence
from lib.verify_on_aws.evidence import Evidence

DOCUMENTS = region.FOLDER.parent / "docs" / "systems"
HEAD, SUM, COLUMN = "| while nothing uses it | unit price (USD) |", "**sum, an hour**", "`dev`, a month"
NOT_MEASURED = "not measured yet"
# What is documented of durations.
PROVIDER = "https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs"
DOCUMENTED = (
    f"Security groups of functions in a network can take 45 minutes to go: {PROVIDER}/r/security_group.html.markdown",
)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def per_hour(system: str, folder: Path = DOCUMENTS) -> float:
    """Return what a system in dev costs while it is idle, in US dollars for an hour: its document's table.

    Raises:
        SettingError: the document has no such table.
    """
    path = folder / f"{system}.md"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    heads = [_cells(line) for line in lines if HEAD in line]
    sums = [_cells(line) for line in lines if SUM in line]
    if len(heads) != 1 or len(sums) != 1:
        raise SettingError(f"docs/systems/{system}.md has no table of cost with '{HEAD}' and '{SUM}': write one.")
    # The columns are months, but for the row of an hour's sum.
    return float(sums[0][heads[0].index(COLUMN)].strip("*"))


def measured(runs: Sequence[Evidence]) -> Mapping[str, tuple[float, str]]:
    """Return how long each step took the last time that it passed, in seconds, and the day."""
    return {
        step.name: (step.seconds, run.began[:10])
        for run in runs
        for step in run.steps
        if step.result == evidence.PASSED
    }


def duration(seconds: float) -> str:
    """Return a duration as people read it."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def times(steps: Sequence[str], runs: Sequence[Evidence]) -> Iterator[str]:
    """Yield a line for each step: how long it took the last time."""
    known = measured(runs)
    width = max(len(name) for name in steps)
    for name in steps:
        if name in known:
            seconds, day = known[name]
            yield f"  {name:{width}}  {duration(seconds)}, measured on {day}"
        else:
            yield f"  {name:{width}}  {NOT_MEASURED}"


def cost(system: str, limit: float, runs: Sequence[Evidence]) -> str:
    """Return what a run costs, as a sentence.

    An hour that has begun is billed as one for a NAT gateway and others (https://aws.amazon.com/vpc/pricing/), and the
    system is there twice: so one more than the hours that it takes.

    Args:
        system: which.
        limit: hours after which nothing but the destruction is begun.
        runs: what earlier runs wrote.

    Raises:
        SettingError: the system's document has no table of cost.
    """
    rate = per_hour(system)
    passed = [run for run in runs if run.result == evidence.PASSED]
    if passed:
        hours, source = passed[-1].seconds / 3600, f"as on {passed[-1].began[:10]}"
    else:
        hours, source = limit, "the limit; how long it takes is not measured yet"
    return (
        f"{rate:.3f} USD an hour while idle, by docs/systems/{system}.md (its prices are not your region's): about "
        f"{rate * (hours + 1):.2f} USD for {hours:.1f} hours ({source}) and one hour more, as begun hours are billed."
    )


def limit_hours(text: str) -> float:
    """Return the hours that ``--hours`` says.

    Raises:
        SettingError: it is not a number from 1 to 24.
    """
    if not re.fullmatch(r"\d{1,2}(\.\d)?", text) or not 1 <= float(text) <= 24:
        raise SettingError(f"--hours {text} is not valid: use a number from 1 to 24.")
    return float(text)
