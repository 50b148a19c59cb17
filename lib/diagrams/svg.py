"""Writes a laid-out picture as SVG: one file, no script, no font, no link, legible on light and on dark pages."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from lib.diagrams.graph import Graph
from lib.diagrams.layout import CORNER, Box, Picture, Route
from lib.diagrams.text_width import BREAK, MARGIN, PILL, SIZES, STEPS, Card, width

EDGE, TOP, LINE = 14.0, 66.0, 18.0  # around everything, above the region for the title, a line of the count
INSET, WORDS, HEAD = 18.0, 22.0, 9.0  # inside the region's box, its words, an arrow's head

# Style, property, on a light page, on a dark page.
COLOURS = (
    (".page", "fill", "#ffffff", "#0d1117"),
    (".region", "fill", "#f6f8fa", "#151b23"),
    (".region,.box", "stroke", "#8c959f", "#6e7681"),
    (".box", "fill", "#eef4fc", "#16233a"),
    (".card", "fill", "#ffffff", "#212830"),
    (".card", "stroke", "#c4ccd4", "#4a525c"),
    (".arrow", "stroke", "#57606a", "#9da7b1"),
    (".head", "fill", "#57606a", "#9da7b1"),
    (".arrow.main", "stroke", "#0969da", "#58a6ff"),
    (".head.main", "fill", "#0969da", "#58a6ff"),
    (".heading,.title,.name,.label", "fill", "#1f2328", "#f0f3f6"),
    (".line,.note,.rest,.chip,.words,.box-words", "fill", "#57606a", "#a9b3bd"),
    (".mark", "stroke", "#b42338", "#ff8a94"),
    (".compute", "fill", "#d45b07", "#d45b07"),
    (".storage", "fill", "#4f7a12", "#5a8a16"),
    (".data", "fill", "#b01fb8", "#b936c1"),
    (".network", "fill", "#6d3fd6", "#7d55de"),
    (".security", "fill", "#c42b40", "#cf3a4e"),
    (".operations", "fill", "#c2185b", "#d02c6c"),
)
TIERED = (
    (".tier", "fill", "#dfeafa", "#1d2f4d"),
    (".zone", "fill", "#eaeef2", "#363e48"),
    (".zones", "fill", "#57606a", "#a9b3bd"),
)
ICONS = {
    "stream": "M4 8c4-4 8 4 16 0M4 12.5c4-4 8 4 16 0M4 17c4-4 8 4 16 0",
    "function": "M8 5h2.5l6 14H19M12 10.5 7.5 19",
    "database": "M5 7c0-4 14-4 14 0s-14 4-14 0v10c0 4 14 4 14 0V7M5 12c0 4 14 4 14 0",
    "bucket": "M5 6l2 14h10l2-14M5 6c0-1.1 3.1-2 7-2s7 .9 7 2-3.1 2-7 2-7-.9-7-2",
    "secret": "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2",
    "key": "M4.5 15.5a4 4 0 1 0 8 0a4 4 0 1 0-8 0M11.5 12.5 19.5 4.5M16 8l3 3",
    "bell": "M5.5 16.5c2-2 2-4 2-6.5a4.5 4.5 0 0 1 9 0c0 2.5 0 4.5 2 6.5zM10.5 19.5h3",
    "topic": "M5 10v4l9 4V6zM17.5 9a4 4 0 0 1 0 6M7.5 15v4H10v-2.8",
    "endpoint": "M3.5 12H9M15 12h5.5M9 12a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    "run": "M8 5.5 18 12 8 18.5z",
    "queue": "M4 8h4v8H4zM10 8h4v8h-4zM16 8h4v8h-4z",
    "table": "M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14",
    "door": "M8 4h8v16H8zM3 12h10M10.5 9.5 13 12l-2.5 2.5",
    "shield": "M12 4l7 2.5V12c0 4-3 6.5-7 8-4-1.5-7-4-7-8V6.5zM9 12l2.2 2.2L15.5 10",
    "globe": "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M4 12h16M12 4c-5 5-5 11 0 16M12 4c5 5 5 11 0 16",
    "container": "M12 4l7 4v8l-7 4-7-4V8zM5 8l7 4 7-4M12 12v8",
    "balance": "M4 12h6M10 12l8-6M10 12h9M10 12l8 6",
    "steps": "M9 4h6v5H9zM4 15h6v5H4zM14 15h6v5h-6zM12 9v3M7 15v-3h10v3",
    "clock": "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16M12 7.5V12l3.5 2",
    "lines": "M5 6h14M5 10h9M5 14h14M5 18h7",
    "chart": "M4 5h16v14H4zM7.5 16v-4M12 16V8M16.5 16v-6",
    "exit": "M4 5h7v14H4zM8 12h12M16.5 8.5 20 12l-3.5 3.5",
    "mail": "M4 6h16v12H4zM4 7l8 6 8-6",
}
FONT = "-apple-system,'Segoe UI',Helvetica,Arial,'Liberation Sans',sans-serif"


def number(value: float) -> str:
    """Return a coordinate, no longer than needed."""
    return f"{value:.1f}".removesuffix(".0")


def style(*, zones: bool) -> str:
    """Return the style sheet: shapes once, colours for light pages and then for dark ones."""
    sizes = "".join(f".{name}{{font-size:{size:g}px}}" for name, size in SIZES.items())
    sizes += ".zones{font-size:11px;text-anchor:middle}" * zones
    light, dark = (
        "".join(f"{row[0]}{{{row[1]}:{row[column]}}}" for row in (*COLOURS, *TIERED * zones)) for column in (2, 3)
    )
    return (
        f"text{{font-family:{FONT}}}.heading{{font-size:20px;font-weight:600}}.words{{font-size:14px}}{sizes}"
        ".title,.label,.box-words{font-weight:600}.note{font-style:italic}.region,.card{stroke-width:1}"
        ".region{stroke-dasharray:5 4}.box{stroke-width:1.3}.arrow{fill:none;stroke-width:1.5}.main{stroke-width:2.6}"
        ".quiet{stroke-dasharray:5 4}.icon{fill:none;stroke:#fff;stroke-width:1.7;"
        "stroke-linecap:round;stroke-linejoin:round}.mark{fill:none;stroke-width:2.1;stroke-linecap:round}"
        f"{light}@media(prefers-color-scheme:dark){{{dark}}}"
    )


def rectangle(box: Box, style_name: str, corner: float = CORNER) -> str:
    """Return a rectangle with round corners."""
    x, y, wide, high = map(number, (box.x, box.y, box.width, box.height))
    return f'<rect class="{style_name}" x="{x}" y="{y}" width="{wide}" height="{high}" rx="{number(corner)}"/>'


def text(x: float, y: float, style_name: str, words: str) -> str:
    """Return a line of text."""
    return f'<text class="{style_name}" x="{number(x)}" y="{number(y)}">{escape(words)}</text>'


def drawn(card: Card, box: Box) -> Iterable[str]:
    """Yield a card: its shape, its icon, its rows in the middle of its height."""
    if card.node.copies:
        yield rectangle(Box(box.x + 5, box.y + 5, box.width, box.height), "card")
    yield rectangle(box, "card")
    high = sum(STEPS[name] for name, _ in card.rows) + (6 if len(card.rows) > 1 else 0)
    x, y = box.x + MARGIN, box.y + (box.height - high) / 2
    yield f'<g transform="translate({number(x)} {number(y - 2)})">'
    yield rectangle(Box(0, 0, 24, 24), card.node.kind.colour, 5)
    yield f'<path class="icon" d="{ICONS[card.node.kind.icon]}"/></g>'
    for index, (name, words) in enumerate(card.rows):
        y += STEPS[name]
        indent = {"title": 32.0, "chip": 17.0}.get(name, 0.0)
        if name == "zones":
            yield from pills(x, y, words.split(BREAK))
            continue
        if name == "chip":
            yield (
                f'<path class="mark" transform="translate({number(x - 2)} {number(y - 15)}) scale(.65)" '
                f'd="{ICONS["key"]}"/>'
            )
        yield text(x + indent, y - 4, name, words)
        y += 6 if index == 0 else 0


def pills(x: float, y: float, words: Iterable[str]) -> Iterable[str]:
    """Yield words in a row, each in a shape of its own."""
    for word in words:
        wide = width(word, "zones") + PILL
        yield rectangle(Box(x, y - 16, wide - 6, 17), "zone", 8.5)
        yield text(x + wide / 2 - 3, y - 3.5, "zones", word)
        x += wide


def way(points: Sequence[tuple[float, float]]) -> str:
    """Return a path through points, its corners rounded."""
    commands = [f"M{number(points[0][0])} {number(points[0][1])}"]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        bends = []
        for other in (before, after):
            across, down = other[0] - here[0], other[1] - here[1]
            length = max(abs(across) + abs(down), 0.01)
            share = min(CORNER, length / 2) / length
            bends.append(f"{number(here[0] + across * share)} {number(here[1] + down * share)}")
        commands.append(f"L{bends[0]}Q{number(here[0])} {number(here[1])} {bends[1]}")
    return "".join(commands) + f"L{number(points[-1][0])} {number(points[-1][1])}"


def arrow(route: Route) -> Iterable[str]:
    """Yield an arrow: its line, which ends in its head, and the head."""
    points = list(route.points)
    index, inward = (0, 1) if route.edge.back else (-1, -1)
    x, y = points[index]
    look = " main" * route.edge.main
    points[index] = (x + inward * (HEAD - 1), y)
    yield f'<path class="arrow{look}{" quiet" * route.edge.back}" d="{way(points)}"/>'
    tip, end = number(x), number(x + inward * HEAD)
    yield f'<path class="head{look}" d="M{tip} {number(y)}L{end} {number(y - 4.5)}L{end} {number(y + 4.5)}z"/>'


def link(upper: Box, lower: Box, words: str) -> Iterable[str]:
    """Yield an arrow with two heads between a box and one below it, and its words."""
    x, top, end = upper.x + upper.width / 2, upper.bottom, lower.y
    yield f'<path class="arrow" d="M{number(x)} {number(top + HEAD)}V{number(end - HEAD)}"/>'
    for tip, base in ((top, top + HEAD), (end, end - HEAD)):
        left, right = number(x - 4.5), number(x + 4.5)
        yield f'<path class="head" d="M{number(x)} {number(tip)}L{left} {number(base)}L{right} {number(base)}z"/>'
    yield text(x + 12, (top + end) / 2 + 4, "label", words)


def captions(routes: Iterable[Route]) -> Iterable[str]:
    """Yield what flows: above each arrow in bold, and a note below it."""
    for route in routes:
        x, y = route.label
        if route.edge.label:
            yield text(x, y, "label", route.edge.label)
        if route.edge.note:
            yield text(x, y + 18, "note", route.edge.note)


def count_lines(rest: Sequence[str], most: float, where: str) -> list[str]:
    """Return the words about what is not drawn, in lines of a width."""
    lines = [f"Also in {where}:"] if rest else []
    for index, words in enumerate(rest):
        piece = f" {words}{',' if index + 1 < len(rest) else ''}"
        if width(lines[-1] + piece, "rest") > most:
            lines.append("")
        lines[-1] = (lines[-1] + piece).strip()
    return lines


def frames(graph: Graph, picture: Picture, region: Box) -> Iterable[str]:
    """Yield everything that other things are in, with its words: regions, boxes, tiers."""
    shown = [(graph.regions[role], box) for role, box in picture.regions.items()]
    regions = shown or [("Region (lib/AWS_REGION)", region)]
    boxes = [(graph.groups[group], box) for group, box in picture.boxes.items()]
    for look, shapes in (("region", regions), ("box", boxes), ("tier", picture.tiers)):
        for words, box in shapes:
            yield rectangle(box, look)
            yield text(box.x + INSET, box.y + 24, "box-words", words)


def svg(graph: Graph, picture: Picture) -> str:
    """Return the picture as the text of an SVG file."""
    where = "each region" if picture.regions else "the stack"
    rest = count_lines(graph.rest, picture.width - picture.begin, where)
    below = LINE * len(rest) + 14 * bool(rest)
    left = EDGE + (0.0 if picture.begin else INSET)
    region = Box(left + picture.begin - INSET, TOP, picture.width - picture.begin + 2 * INSET, 0)
    region.height = picture.height + 2 * INSET + WORDS + below
    picture.move(left, region.y + INSET + WORDS)
    wide, high = region.right + EDGE, region.bottom + EDGE
    body = [rectangle(Box(0, 0, wide, high), "page", 0), text(EDGE, 32, "heading", graph.title)]
    body += [text(EDGE, 54, "words", graph.subtitle), *frames(graph, picture, region)]
    for start, end, what in graph.links:
        body += link(picture.boxes[start], picture.boxes[end], what)
    for route in picture.routes:
        body += arrow(route)
    for card in picture.cards.values():
        body += drawn(*card)
    body += captions(picture.routes)
    first = region.bottom - LINE * len(rest) + 4
    body += [text(region.x + INSET, first + LINE * index, "rest", line) for index, line in enumerate(rest)]
    size = f'width="{number(wide)}" height="{number(high)}" viewBox="0 0 {number(wide)} {number(high)}"'
    described = escape(f"{graph.subtitle}: " + "; ".join(node.title for node in graph.nodes.values()))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title about">',
            f'<title id="title">{escape(graph.title)}</title>',
            f'<desc id="about">{described}</desc>',
            f"<style>{style(zones=any(node.zones for node in graph.nodes.values()))}</style>",
            *body,
            "</svg>",
            "",
        ]
    )
