"""What a drill measured, as rows and as a picture of its time."""

from collections import Counter
from collections.abc import Callable
from html import escape

from lib.disaster_recovery.drill.scenario import Result
from lib.disaster_recovery.settings import Settings

Row = tuple[str, str]
Across = Callable[[float], float]
WIDTH, LEFT, RIGHT, TOP = 1000, 70, 20, 84
LANE, BARS = 22, 130  # a line of the events, and the height of the bars
STYLE = """
.g{fill:#0f766e}.b{fill:#b45309}.r{fill:#b91c1c;opacity:.16}.t{font:13px system-ui,sans-serif;fill:#1f2937}
.s{font:11px system-ui,sans-serif;fill:#4b5563}.h{font:600 17px system-ui,sans-serif;fill:#111827}
.l{stroke:#9ca3af;stroke-width:1}.e{stroke:#6b7280;stroke-width:1;stroke-dasharray:3 3}.p{fill:#ffffff}
.t,.s{paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}
@media (prefers-color-scheme:dark){.p{fill:#111827}.t,.s{stroke:#111827}.t{fill:#e5e7eb}.s{fill:#9ca3af}.h{fill:#f9fafb}
.g{fill:#2dd4bf}.b{fill:#fbbf24}.r{fill:#f87171}.l{stroke:#4b5563}.e{stroke:#6b7280}}
"""


def seconds(value: float | None) -> str:
    """Return a measured time, or that there is none."""
    return "not measured" if value is None else f"{value:.2f} s"


def rows(result: Result, settings: Settings) -> list[Row]:
    """Return what to print."""
    by_region = Counter(entry.region for entry in result.acknowledged)
    again = sum(entry.tries > 1 for entry in result.acknowledged)
    refused = ", ".join(f"{count} x {why}" for why, count in sorted(result.refused.items())) or "none"
    paid = ", ".join(
        f"{by_region[region_config.region]} in the {region_config.role} region"
        for region_config in settings.region_configs
    )
    return [
        ("payments acknowledged", f"{len(result.acknowledged)} at {result.rate:g} a second: {paid}"),
        ("RTO: last acknowledged before, first after", seconds(result.rto)),
        ("  of it: until the health checks saw it", seconds(result.detected)),
        ("  of it: from the writer item to the first payment", seconds(result.taken_over)),
        ("RPO: acknowledged before the cut, missing at takeover", _rpo(result)),
        ("payments interrupted by the failback", seconds(result.taken_back)),
        ("sent more than once with the same key", f"{again} payments; refusals: {refused}"),
        ("the returned region refused payments", "yes" if result.fenced else "NO"),
        ("begun and never acknowledged", f"{len(result.unanswered)}"),
        ("lost: acknowledged, and not in both regions", _named(result.lost)),
        ("duplicates: two payments for one key", _named(result.duplicates)),
    ]


def _rpo(result: Result) -> str:
    missing = len(result.missing)
    return f"{missing} payments" + (f", the oldest {seconds(result.rpo)} before the cut" if missing else "")


def _named(keys: list[str]) -> str:
    return f"{len(keys)}" + (f": {', '.join(keys[:5])}" + (" ..." if len(keys) > 5 else "") if keys else "")


def picture(result: Result, settings: Settings) -> str:
    """Return the run as an SVG of its own: payments a moment, in which region, and what happened when."""
    height = TOP + BARS + 60 + LANE * len(result.events) + 30
    span = max(result.end, 1.0)
    scale = (WIDTH - LEFT - RIGHT) / span

    def across(at: float) -> float:
        return LEFT + at * scale

    title = f"{escape(result.run)}: payments while a region is lost"
    figures = (
        f"RTO {seconds(result.rto)} · RPO {len(result.missing)} payments · lost {len(result.lost)} · "
        f"duplicates {len(result.duplicates)}"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">',
        f"<style>{STYLE}</style>",
        f'<rect class="p" width="{WIDTH}" height="{height}"/>',
        f'<text class="h" x="20" y="30">{title}</text>',
        f'<text class="t" x="20" y="52">{figures}</text>',
        *_legend(settings),
        *_outage(result, across),
        *_bars(result, settings, across, span),
        *_events(result, across),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend(settings: Settings) -> list[str]:
    parts = []
    for number, (region_config, colour) in enumerate(zip(settings.region_configs, "gb", strict=True)):
        x = 20 + number * 260
        parts.append(f'<rect class="{colour}" x="{x}" y="62" width="12" height="12" rx="2"/>')
        parts.append(
            f'<text class="s" x="{x + 18}" y="72">{region_config.role} region {escape(region_config.region)}</text>'
        )
    return parts


def _outage(result: Result, across: Across) -> list[str]:
    """Shade the time from the last payment before the failover to the first one after."""
    last = result.stopped
    if result.rto is None or last is None:
        return []
    width = across(result.rto) - across(0)
    return [
        f'<rect class="r" x="{across(last):.1f}" y="{TOP}" width="{width:.1f}" height="{BARS}"/>',
        f'<text class="s" x="{across(last) + 4:.1f}" y="{TOP + 14}">no payments: {seconds(result.rto)}</text>',
    ]


def _bars(result: Result, settings: Settings, across: Across, span: float) -> list[str]:
    """Draw how many payments were acknowledged in each of 100 equal parts of the time."""
    width = span / 100
    colour = {region_config.region: name for region_config, name in zip(settings.region_configs, "gb", strict=True)}
    counts = Counter((int(entry.at / width), entry.region) for entry in result.acknowledged)
    top = max(counts.values(), default=1)
    floor = TOP + BARS
    parts = [
        f'<rect class="{colour[region]}" x="{across(part * width):.1f}" y="{floor - count / top * (BARS - 20):.1f}" '
        f'width="{across(width) - across(0) - 1:.1f}" height="{count / top * (BARS - 20):.1f}"/>'
        for (part, region), count in sorted(counts.items())
    ]
    parts.append(f'<line class="l" x1="{LEFT}" y1="{floor}" x2="{WIDTH - RIGHT}" y2="{floor}"/>')
    parts.append(f'<text class="s" x="8" y="{TOP + 24}">{top / width:.0f} a second</text>')
    step = next(step for step in (1, 2, 5, 10, 30, 60, 300, 600, 3600) if span / step <= 15 or step == 3600)
    return parts + [
        f'<text class="s" x="{across(at):.1f}" y="{floor + 16}">{at} s</text>' for at in range(0, int(span) + 1, step)
    ]


def _events(result: Result, across: Across) -> list[str]:
    """Write each event on a line of its own, under its moment."""
    lines, texts = [], []
    for number, (at, what) in enumerate(result.events):
        x, y = across(at), TOP + BARS + 46 + LANE * number
        lines.append(f'<line class="e" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{y}"/>')
        anchor, text_x = ("start", x + 6) if x < WIDTH * 0.6 else ("end", x - 6)
        texts.append(
            f'<text class="t" text-anchor="{anchor}" x="{text_x:.1f}" y="{y}">{at:.1f} s  {escape(what)}</text>'
        )
    return [*lines, *texts]
