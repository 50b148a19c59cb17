"""What has a type says it: ``Any``, which mypy believes everything of, does not come back."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("lib", "lambda")
MOST = 100


def uses(source: str) -> int:
    """Return how often a source names ``Any`` as a type, in annotations that are texts too."""
    count = 0
    for node in ast.walk(ast.parse(source)):
        count += getattr(node, "id", "") == "Any" or getattr(node, "attr", "") == "Any"
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
                count += uses(annotation.value)
    return count


def test_any_is_not_used_more_often():
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    counts = {path.relative_to(ROOT).as_posix(): uses(path.read_text(encoding="utf-8")) for path in files}
    total = sum(counts.values())
    assert len(files) > 200
    assert total <= MOST, (
        f"lib and lambda name Any {total} times, and {MOST} is the limit: give the new value its type. A client's and "
        "its answers' are in types-boto3, what json reads is a JsonObject of json_types, and what is only passed on is "
        f"an object. {[f'{path}: {count}' for path, count in counts.items() if count]}"
    )


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def f(x: Any) -> dict[str, Any]: ...", 2),
        ('def f(x: "Any") -> "Mapping[str, Any]": ...', 2),
        ("x: typing.Any = 1", 1),
        ("x = cast(list[Any], y)", 1),
        ("from typing import Any", 0),
        ('x = {"Any": "of JSON"}  # Any', 0),
    ],
)
def test_each_way_to_name_it_counts(source, count):
    assert uses(source) == count
