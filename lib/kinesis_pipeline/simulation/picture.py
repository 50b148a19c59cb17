"""How long events wait, minute by minute, as a picture: a line for each of several loads."""

from collections.abc import Mapping
from html import escape

from lib.kinesis_pipeline import delivery
from lib.kinesis_pipeline.simulation.model import MINUTE, Run

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 1000, 420, 60, 20, 110, 50
STEPS = (1, 2, 5, 10, 15, 30, 60, 120)  # minutes between two marks of an axis
MARKS = 8  # at the most
LINES = "abc"
STYLE = """
.p{fill:#ffffff}.h{font:600 17px system-ui,sans-serif;fill:#111827}.t{font:13px system-ui,sans-serif;fill:#1f2937}
.s{font:11px system-ui,sans-serif;fill:#4b5563}.l{stroke:#d1d5db;stroke-width:1}.r{fill:#b91c1c;opacity:.14}
.a,.b,.c{fill:none;stroke-width:2.5;stroke-linejoin:round}.a{stroke:#0f766e}.b{stroke:#b45309;stroke-dasharray:7 5}
.c{stroke:#6d28d9}.w{stroke:#b91c1c;stroke-width:1;stroke-dasharray:3 3}
@media (prefers-color-scheme:dark){.p{fill:#111827}.h{fill:#f9fafb}.t{fill:#e5e7eb}.s{fill:#9ca3af}.l{stroke:#374151}
.a{stroke:#2dd4bf}.b{stroke:#fbbf24}.c{stroke:#c4b5fd}.r,.w{fill:#f87171;stroke:#f87171}}
"""


def step(span: float) -> int:
    """Return how many minutes there are between two marks of an axis."""
    return next((size for size in STEPS if span / size <= MARKS), STEPS[-1])


def draw(runs: Mapping[str, Run], title: str) -> str:
    """Return an SVG of its own.

    Args:
        runs: one to three runs of the same length and outage, by what their line says.
        title: of the picture.
    """
    first = next(iter(runs.values()))
    span = first.demand.seconds / MINUTE
    highest = max([2.0, *(age / MINUTE for run in runs.values() for _at, age in run.ages)])

    def across(minute: float) -> float:
        return LEFT + minute / span * (WIDTH - LEFT - RIGHT)

    def down(minutes: float) -> float:
        return HEIGHT - BOTTOM - minutes / highest * (HEIGHT - TOP - BOTTOM)

    away, back = (second / MINUTE for second in first.demand.away)
    floor = HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
        f' aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="p" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="h" x="20" y="30">{escape(title)}</text>',
        f'<text class="s" x="20" y="{TOP - 12}">minutes that the event waited which is read now</text>',
    ]
    parts += [
        f'<line class="l" x1="{LEFT}" y1="{down(at):.1f}" x2="{WIDTH - RIGHT}" y2="{down(at):.1f}"/>'
        f'<text class="s" x="{LEFT - 8}" y="{down(at) + 4:.1f}" text-anchor="end">{at}</text>'
        for at in range(0, int(highest) + 1, step(highest))
    ]
    parts += [
        f'<text class="s" x="{across(at):.1f}" y="{floor + 18}" text-anchor="middle">{at} min</text>'
        for at in range(0, int(span) + 1, step(span))
    ]
    if back:
        parts.append(
            f'<rect class="r" x="{across(away):.1f}" y="{TOP}" width="{across(back) - across(away):.1f}" '
            f'height="{floor - TOP}"/><text class="s" x="{across(away) + 4:.1f}" y="{TOP + 14}">no database</text>'
        )
    limit = delivery.AGE_SECONDS / MINUTE
    if limit < highest:
        parts.append(
            f'<line class="w" x1="{LEFT}" y1="{down(limit):.1f}" x2="{WIDTH - RIGHT}" y2="{down(limit):.1f}"/>'
            f'<text class="s" x="{WIDTH - RIGHT}" y="{down(limit) - 5:.1f}" text-anchor="end">alarm</text>'
        )
    for (label, run), colour, number in zip(runs.items(), LINES, range(len(LINES)), strict=False):
        points = [
            f"{across(place + 0.5):.1f},{down(minute.age / MINUTE):.1f}"
            for place, minute in enumerate(run.minutes)
            if minute.age is not None
        ]
        x = 20 + number * 320
        parts.append(f'<polyline class="{colour}" points="{" ".join(points)}"/>')
        parts.append(f'<line class="{colour}" x1="{x}" y1="58" x2="{x + 26}" y2="58"/>')
        parts.append(f'<text class="t" x="{x + 34}" y="62">{escape(label)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
