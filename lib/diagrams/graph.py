"""What is drawn: cards, arrows, boxes, and a count of the rest."""

from dataclasses import dataclass, field

from lib.diagrams.cloudformation_types import Style


@dataclass(frozen=True)
class Node:
    """One card of the picture."""

    kind: Style
    title: str
    name: str
    lines: tuple[str, ...]
    group: str = ""
    keys: tuple[str, ...] = ()
    copies: bool = False
    tier: str = ""
    zones: tuple[str, ...] = ()
    region: str = ""


@dataclass(frozen=True)
class Edge:
    """One arrow; with ``back``, it points from the end to the start; ``main`` ones are what the system is there for."""

    start: str
    end: str
    label: str = ""
    note: str = ""
    back: bool = False
    main: bool = False


@dataclass
class Graph:
    """All that is drawn."""

    title: str
    subtitle: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    rest: tuple[str, ...] = ()
    regions: dict[str, str] = field(default_factory=dict)  # none where everything is in one region
    links: list[tuple[str, str, str]] = field(default_factory=list)  # between boxes, with what it is called
