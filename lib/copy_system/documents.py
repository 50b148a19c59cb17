"""A system's documents for its copy: without what holds in this repository only, and with all that they link to.

What a document says between ``<!-- only in TAP -->`` and ``<!-- end: only in TAP -->`` is left out, and so is a command
of a code block whose script the copy does not have.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path

from lib.copy_system.closure import ROOT

ONLY_HERE = re.compile(r"<!-- only in TAP -->.*?<!-- end: only in TAP -->", re.S)
FENCE = re.compile(r"^```\w*\n.*?^```$", re.M | re.S)
SCRIPT = re.compile(r"(?<![\w/.])scripts/(\w+)")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
DECISION = re.compile(r"docs/decisions/(\d{4})")


def adapted(text: str, scripts: Set[str]) -> str:
    """Return a document's text for a copy.

    Args:
        text: as it is here.
        scripts: the names of the commands that the copy has.
    """
    text = FENCE.sub(lambda match: _block(match[0], scripts), ONLY_HERE.sub("", text))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.M)).strip() + "\n"


def _block(text: str, scripts: Set[str]) -> str:
    lines = [line for line in text.splitlines() if set(SCRIPT.findall(line)) <= scripts]
    return "\n".join(lines) if any(line.strip() for line in lines[1:-1]) else ""


def links(text: str) -> Iterator[str]:
    """Yield the targets of a document's relative links, without what follows the ``#``."""
    yield from LINK.findall(text)


def decisions(texts: Iterable[str]) -> set[Path]:
    """Return the decisions that code refers to by ``docs/decisions/NNNN``."""
    numbers = {number for text in texts for number in DECISION.findall(text)}
    return {path for path in (ROOT / "docs" / "decisions").glob("*.md") if path.name[:4] in numbers}


def collected(first: Iterable[Path], scripts: Set[str]) -> tuple[Mapping[Path, str], set[Path]]:
    """Return documents with everything of docs/ that they lead to, adapted, and the other files that they link to.

    Args:
        first: the documents to begin with.
        scripts: the names of the commands that the copy has.
    """
    texts: dict[Path, str] = {}
    others, waiting = set[Path](), list(first)
    while waiting:
        path = waiting.pop()
        if path in texts:
            continue
        texts[path] = adapted(path.read_text(encoding="utf-8"), scripts)
        for target in ((path.parent / link).resolve() for link in links(texts[path])):
            if target.suffix == ".md":
                waiting.append(target)
            elif target.is_file():
                others.add(target)
    return texts, others
