"""What a run writes down: versions, times, results, what is left. No account's number and no ARN."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from lib.common.errors import SettingError
from lib.leftovers.kinds import Leftover

AWS, LOCAL = "AWS", "local cloud"
RUNNING, PASSED, FAILED, INTERRUPTED = "running", "passed", "failed", "interrupted"
RESULTS = (RUNNING, PASSED, FAILED, INTERRUPTED)
# What would tell whose account it was, with what is written in its place.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
SECRETS = (
    (re.compile(r"arn:aws[^\s\"'\\,;)\]}]*"), "<ARN>"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), "<account>"),
    (re.compile(r"\bA[A-Z]{3}[A-Z0-9]{16}\b"), "<key>"),
)


@dataclass
class Step:
    """One step of a run.

    Attributes:
        name: what was done.
        seconds: how long it took.
        result: ``passed`` or ``failed``.
        detail: what there is to say of it: how many tests passed, or why it failed.
    """

    name: str
    seconds: float
    result: str
    detail: str = ""


@dataclass
class Left:
    """What is left of one type in one region.

    Attributes:
        type: what a reader calls it.
        region: where.
        count: how many.
        why: why it outlives the stack.
    """

    type: str
    region: str
    count: int
    why: str


@dataclass
class Evidence:
    """One run.

    Attributes:
        system: which.
        target: ``AWS`` or ``local cloud``.
        result: ``passed``, ``failed`` or ``interrupted``; ``running`` in the file of a run that has not ended.
        began: when, in UTC.
        commit: of the checkout; with ``+`` where files differed from it.
        regions: where it was deployed.
        environment: which file of ``environments/`` was read.
        suffix: the end of every name.
        change: the variables that the change set.
        versions: of tools and packages.
        steps: in order.
        left: what was left in the end.
    """

    system: str
    target: str
    result: str
    began: str
    commit: str
    regions: list[str]
    environment: str
    suffix: str
    change: dict[str, str]
    versions: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long all steps took together."""
        return sum(step.seconds for step in self.steps)

    def text(self) -> str:
        """Return the file's content."""
        text = json.dumps(asdict(self), indent=2)
        for pattern, instead in SECRETS:
            text = pattern.sub(instead, text)
        return f"{text}\n"

    def write(self, path: Path) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what a file says.

        Raises:
            SettingError: it is not what a run writes.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            evidence = cls(
                **{
                    **_typed(cls, content),
                    "steps": [Step(**_typed(Step, step)) for step in content["steps"]],
                    "left": [Left(**_typed(Left, left)) for left in content["left"]],
                }
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SettingError(f"{path} is not evidence of a run ({error}): repair it, or take it away.") from error
        if evidence.target not in (AWS, LOCAL) or evidence.result not in RESULTS:
            raise SettingError(
                f"{path}: target {evidence.target!r} and result {evidence.result!r} are not both known: use one of "
                f"{', '.join((AWS, LOCAL))} and one of {', '.join(RESULTS)}."
            )
        return evidence


# How JSON's values look in Python.
JSON_TYPES: Mapping[str, Any] = {"str": str, "int": int, "float": (int, float)}


def _typed(model: type[Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object's values, all of which the model has, each of its type.

    Raises:
        TypeError: one that is missing, unknown or of another type.
    """
    known = {one.name: getattr(one.type, "__name__", str(one.type)) for one in fields(model)}
    if content.keys() != known.keys():
        raise TypeError(f"{model.__name__} has {', '.join(known)}")
    for name, value in content.items():
        expected = JSON_TYPES.get(known[name], dict if known[name] == "dict" else list)
        if isinstance(value, bool) or not isinstance(value, expected):
            raise TypeError(f"{name} is {value!r}, and not {known[name]}")
    return dict(content)


def counted(leftovers: Iterable[Leftover]) -> list[Left]:
    """Return what is left without names, by type and region."""
    counts = Counter((one.kind.name, one.region, one.kind.why) for one in leftovers)
    return [Left(name, region, count, why) for (name, region, why), count in sorted(counts.items())]


def file_name(folder: Path, evidence: Evidence) -> Path:
    """Return a file of a run's own: the system, the day it began, and a number where that day has had one already."""
    stem = f"{evidence.system}-{evidence.began[:10]}"
    number = 1
    while (path := folder / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")).exists():
        number += 1
    return path


def earlier(folder: Path, system: str, target: str) -> Sequence[Evidence]:
    """Return what earlier runs of a system against the same target wrote, the oldest first.

    Raises:
        SettingError: a file there is not evidence.
    """
    found = [Evidence.read(path) for path in folder.glob(f"{system}-*.json")]
    return sorted((one for one in found if one.target == target), key=lambda one: one.began)
