"""How much room words take: no font can be asked, so widths are those of Helvetica, and a tenth for wider ones."""

import re
from dataclasses import dataclass

from lib.diagrams.graph import Node

# Characters of about the same width, in thousandths of the font's size.
WIDTHS = (
    ("ijl'|", 235),
    (" .,:;!/ft[]()I·", 295),
    ("r-*", 350),
    ("ksvxyczJ", 520),
    ("abdeghnopquL…_?0123456789–", 575),
    ("FTZ+=<>~×", 630),
    ("ABEKPSVXY&", 690),
    ("CDHNRUGOQ", 770),
    ("mwM", 850),
    ("W@%", 980),
)
EACH = {letter: share for letters, share in WIDTHS for letter in letters}
SIZES = {"title": 13.5, "note": 11.0, "chip": 11.5}
SIZES |= dict.fromkeys(("name", "line", "label", "rest", "box-words"), 12.0)
STEPS = {"title": 20.0, "name": 17.0, "line": 16.0, "chip": 18.0, "zones": 21.0}
SMALLEST = 11.0
BOLD = ("title", "label", "box-words")
MOST, MOST_WIDE = 192.0, 450.0  # beyond, a line is wrapped
MARGIN = 12.0
PILL, BREAK = 18.0, "\t"  # around each zone of a row of them, and what is between them in the row's text


@dataclass(frozen=True)
class Card:
    """A node's text, each row with its style, and the room it takes."""

    node: Node
    rows: tuple[tuple[str, str], ...]
    width: float
    height: float


def width(text: str, style: str) -> float:
    """Return about how many pixels a text is wide."""
    share = sum(EACH.get(letter, 700) for letter in text) / 1000
    return share * SIZES.get(style, SMALLEST) * (1.17 if style in BOLD else 1.1)


def wrap(text: str, style: str, most: float) -> list[str]:
    """Break a text between words, or after a hyphen or a slash when one word is too long."""
    rows = [""]
    for word in re.findall(r"\S+\s*", text):
        for piece in [word] if width(word.strip(), style) <= most else re.findall(r"[^-/]*[-/]|[^-/]+", word):
            if rows[-1] and width((rows[-1] + piece).strip(), style) > most:
                rows.append("")
            rows[-1] += piece
    return [row.strip() for row in rows]


def card(node: Node, least: float = 0.0) -> Card:
    """Return a node's card, at least so high."""
    most = MOST_WIDE if node.kind.wide else MOST
    texts = [("title", node.title), ("name", node.name), *(("line", line) for line in node.lines)]
    rows = [(style, row) for style, text in texts if text for row in wrap(text, style, most)]
    rows += [("chip", f"{key} key") for key in node.keys]
    rows += [("zones", BREAK.join(node.zones))] * bool(node.zones)
    indents = {"title": 32.0, "chip": 16.0, "zones": PILL * len(node.zones)}
    widest = max(width(text, style) + indents.get(style, 0.0) for style, text in rows)
    height = sum(STEPS[style] for style, _ in rows) + 2 * MARGIN + (6 if len(rows) > 1 else 0)
    return Card(node, tuple(rows), widest + 2 * MARGIN, max(height, least))
