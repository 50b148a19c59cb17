"""The values that stand in a module's source, and what each of them may be changed to.

A mutation changes one literal: two neighbouring letters swapped, a digit changed, a flag turned round, a time window
made too short or moved onto another one, an enum's constant exchanged for its neighbour. What is written for people
(docstrings, the sentences of errors) and type annotations are left out.
"""

import ast
import enum
import itertools
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.common.json_types import JsonMapping

LETTERS, DIGIT, FLAG, WINDOW, CONSTANT = "letters", "digit", "flag", "window", "constant"
KINDS = (LETTERS, DIGIT, FLAG, WINDOW, CONSTANT)
# RDS windows: hh24:mi-hh24:mi for backups, ddd:hh24:mi-ddd:hh24:mi for maintenance; at least 30 minutes.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
TIME = re.compile(r"(?:(?P<day>[a-z]{3}):)?(?P<hour>\d\d):(?P<minute>\d\d)-(?:[a-z]{3}:)?\d\d:\d\d", re.I)
TOO_SHORT_MINUTES = 20


@dataclass(frozen=True)
class Mutation:
    """One change of one literal.

    Attributes:
        path: the module's file, relative to the checkout.
        line: where the literal stands.
        position: which of the module's literals it is, counted from 0.
        kind: one of :data:`KINDS`.
        before: the literal as Python writes it.
        after: what takes its place.
    """

    path: str
    line: int
    position: int
    kind: str
    before: str
    after: str

    def __str__(self) -> str:
        """Return where, and from what to what."""
        return f"{self.path}:{self.line} {self.before} -> {self.after}"


# Where a node's parts are no values of the stack: annotations, the way a text is formatted, the sentences of errors.
_LEFT_OUT: Mapping[type[ast.AST], tuple[str, ...]] = {
    ast.AnnAssign: ("target", "annotation"),
    ast.Assert: ("test", "msg"),
    ast.FormattedValue: ("format_spec",),
    ast.FunctionDef: ("returns",),
    ast.Raise: ("exc", "cause"),
    ast.arg: ("annotation",),
}


@dataclass(frozen=True)
class _Literal:
    """A literal, and where it stands: in a field of its parent, or at an index of that field's list."""

    node: ast.Constant | ast.Attribute
    parent: ast.AST
    field: str
    index: int | None

    def replace(self, replacement: ast.expr) -> None:
        """Put something in its place."""
        if self.index is None:
            setattr(self.parent, self.field, replacement)
        else:
            getattr(self.parent, self.field)[self.index] = replacement


def _literals(parent: ast.AST) -> Iterator[_Literal]:
    """Yield every literal below a node, always in the same order."""
    for field, value in ast.iter_fields(parent):
        if field in _LEFT_OUT.get(type(parent), ()):
            continue
        parts = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, node in parts:
            docstring = isinstance(parent, ast.Expr) and isinstance(node, ast.Constant)
            if _is_literal(node) and not docstring:
                yield _Literal(node, parent, field, index)
            elif isinstance(node, ast.AST):
                yield from _literals(node)


def _is_literal(node: object) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | int | float)
    return isinstance(node, ast.Attribute) and node.attr.isupper() and isinstance(node.value, ast.Name | ast.Attribute)


def mutations(path: str, source: str, namespace: JsonMapping, seed: int) -> Iterator[Mutation]:
    """Yield one mutation of every literal of a module that can be changed.

    Args:
        path: the module's file, relative to the checkout.
        source: its content.
        namespace: the module's own names, in which enums are looked up.
        seed: decides, with the path and the literal's position, which change it is.
    """
    nodes = [literal.node for literal in _literals(ast.parse(source))]
    texts = [str(node.value) for node in nodes if isinstance(node, ast.Constant)]
    windows = [text for text in texts if TIME.fullmatch(text)]
    for position, node in enumerate(nodes):
        chance = random.Random(f"{seed}:{path}:{position}")  # noqa: S311 - a sample, no secret
        choices = _constants(node, namespace) if isinstance(node, ast.Attribute) else _values(node.value, windows)
        kinds = sorted({kind for kind, _after in choices})
        if kinds:
            kind = chance.choice(kinds)
            after = chance.choice([after for choice, after in choices if choice == kind])
            yield Mutation(path, node.lineno, position, kind, ast.unparse(node), after)


def mutated(source: str, mutation: Mutation) -> str:
    """Return a module's source with a mutation in it; comments and layout are lost."""
    tree = ast.parse(source)
    literal = next(itertools.islice(_literals(tree), mutation.position, None))
    literal.replace(ast.parse(mutation.after, mode="eval").body)
    return f"{ast.unparse(tree)}\n"


def _values(value: object, windows: list[str]) -> list[tuple[str, str]]:
    if isinstance(value, bool):
        return [(FLAG, repr(not value))]
    if isinstance(value, int | float):
        return [(DIGIT, text) for text in _digits(repr(value), number=True)]
    text = str(value)
    window = TIME.fullmatch(text)
    if window:
        return [(WINDOW, repr(after)) for after in _windows(window, windows)]
    return [
        *((LETTERS, repr(after)) for after in _swapped(text)),
        *((DIGIT, repr(after)) for after in _digits(text, number=False)),
    ]


def _swapped(text: str) -> list[str]:
    pairs = [match.start() for match in re.finditer(r"(?=[A-Za-z]{2})", text) if _differ(text, match.start())]
    return [text[:n] + text[n + 1] + text[n] + text[n + 2 :] for n in pairs]


def _differ(text: str, start: int) -> bool:
    return text[start].lower() != text[start + 1].lower()


def _digits(text: str, *, number: bool) -> list[str]:
    digits = []
    for match in re.finditer(r"\d", text):
        for digit in "0123456789":
            changed = text[: match.start()] + digit + text[match.end() :]
            leading = number and re.match(r"0\d", changed)  # not a number in Python
            if digit != match[0] and not leading:
                digits.append(changed)
    return digits


def _windows(window: re.Match[str], others: list[str]) -> list[str]:
    """Return a window that is too short for AWS, and the module's other ones, which then overlap."""
    day = f"{window['day']}:" if window["day"] else ""
    start = int(window["hour"]) * 60 + int(window["minute"])
    end = (start + TOO_SHORT_MINUTES) % (24 * 60)
    short = f"{day}{window['hour']}:{window['minute']}-{day}{end // 60:02}:{end % 60:02}"
    moved = []
    for other in [other for other in others if other != window[0]]:
        times = re.sub(r"[a-z]{3}:", "", other, flags=re.I)
        moved.append("-".join(f"{day}{time}" for time in times.split("-")))
    return sorted({short, *moved} - {window[0]})


def _constants(node: ast.Attribute, namespace: JsonMapping) -> list[tuple[str, str]]:
    """Return an enum's other constants: of Python's own enums, and of classes that have constants of one type."""
    owner: Any = namespace
    for name in ast.unparse(node.value).split("."):
        owner = owner.get(name) if owner is namespace else getattr(owner, name, None)
    if not isinstance(owner, type):
        return []
    if issubclass(owner, enum.Enum):
        names = [name for name in owner.__members__ if name != node.attr]
    else:
        kinds = {name: type(getattr(owner, name)) for name in dir(owner) if name.isupper()}
        names = [name for name, kind in kinds.items() if name != node.attr and kind == kinds.get(node.attr)]
    return [(CONSTANT, f"{ast.unparse(node.value)}.{name}") for name in names]
