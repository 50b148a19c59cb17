"""Whoever silences a checker says why, on the same line: the next reader can tell when the reason has gone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SILENCED = re.compile(
    r"#\s*(noqa\b(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?|type:\s*ignore\b(?:\[[\w,-]+\])?|pylint:\s*disable=[\w,-]+)"
)
REASON = re.compile(r"[A-Za-z]{2,}")


def without_reason(text: str) -> Iterator[int]:
    """Yield the number of each line that silences a checker and gives no reason behind it, or names no rule."""
    for number, line in enumerate(text.splitlines(), 1):
        last = None
        for found in SILENCED.finditer(line):
            last = found
        if last and (not REASON.search(line[last.end() :]) or last[1] in ("noqa", "type: ignore")):
            yield number


def files() -> list[Path]:
    return [path for part in ("lib", "lambda", "scripts") for path in (ROOT / part).rglob("*.py")] + [ROOT / "tap.py"]


def test_every_exception_has_its_reason():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        for number in without_reason(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa: S608",
        "# type: ignore[misc]",
        "# pylint: disable=no-member",
        "# noqa: E1  # pylint: disable=x",
    ],
)
def test_an_exception_without_a_reason_is_found(comment):
    assert list(without_reason(f"first = 1\nx = 1  {comment}\n")) == [2]


@pytest.mark.parametrize(
    "comment", ["# noqa: S608 - our own parts", "# noqa: E1  # pylint: disable=x  # the tool's name", "# a comment"]
)
def test_an_exception_with_a_reason_is_not(comment):
    assert list(without_reason(f"x = 1  {comment}\n")) == []
