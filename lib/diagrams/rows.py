"""Who stands where: columns by longest path, rows with few crossings.

A graph falls into parts that no arrow and no box connects; each part is laid out alone. In a part, the residents of
each box form a band; what stands outside is left or right of it, or in a band below.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, permutations

from lib.diagrams.cloudformation_types import Style
from lib.diagrams.graph import Edge, Graph
from lib.diagrams.text_width import card

PAD, HEAD = 18.0, 40.0  # between a box and what is in it; and above, where the box's words stand
SPACE, APART = 24.0, 34.0  # between two cards of a column, between two parts
PORT, PORT_NOTED, ARRIVAL = 24.0, 36.0, 14.0  # between two arrows at a card: with a label, with a note, without both
LIGHT, STRONG = 0.5, 12.0  # how much an answer and a main flow weigh, against 1 for the rest
SWEEPS, TURNS = 8, 60  # until orders and heights no longer change
FREE = -1  # the band of what belongs to no region, where there are several
MANY = 6  # beyond so many members, permutations are too many to try all


@dataclass(frozen=True)
class Step:
    """One arrow's way from a column to the next: the way of an edge, or a piece of it."""

    edge: Edge
    start: str
    end: str


def spread(targets: Sequence[tuple[float, float]], sizes: Sequence[float], space: float) -> list[float]:
    """Return middles as near as possible to the wanted ones, each with its weight, in their order, without overlap."""
    offsets, blocks = [0.0], list[tuple[float, float, int]]()
    for before, after in pairwise(sizes):
        offsets.append(offsets[-1] + (before + after) / 2 + space)
    for (middle, weight), offset in zip(targets, offsets, strict=True):
        blocks.append((middle - offset, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:  # they would overlap: they move as one
            (last, heavy, many), (first, light, few) = blocks.pop(), blocks.pop()
            blocks.append(((last * heavy + first * light) / (heavy + light), heavy + light, many + few))
    places = [mean for mean, _, number in blocks for _ in range(number)]
    return [position + offset for position, offset in zip(places, offsets, strict=True)]


def forward(edges: Iterable[Edge]) -> list[Edge]:
    """Return the arrows with those turned round that would close a circle."""
    taken: list[Edge] = []
    for edge in edges:
        reached, todo = {edge.end}, [edge.end]
        while todo:
            here = todo.pop()
            more = {other.end for other in taken if other.start == here} - reached
            reached |= more
            todo += more
        turned = Edge(edge.end, edge.start, edge.label, edge.note, not edge.back, edge.main)
        taken.append(turned if edge.start in reached else edge)
    return taken


def columns(nodes: Iterable[str], edges: Sequence[Edge], level: Sequence[Sequence[str]] = ()) -> dict[str, int]:
    """Return each node's column: the length of the longest path to it, or to one that shares its column."""
    levels = dict.fromkeys(nodes, 0)
    _push(levels, edges, level)
    tiered = {node for names in level for node in names}
    for node in list(levels):  # what begins a path stands right before its next stop, in a tier before the main one
        leaving = [edge for edge in edges if edge.start == node]
        main = [edge for edge in leaving if edge.main and node in tiered]
        following = [levels[edge.end] for edge in main or leaving]
        if following and all(edge.end != node for edge in edges):
            levels[node] = min(following) - 1
    _push(levels, edges, level)
    ranks = {column: rank for rank, column in enumerate(sorted(set(levels.values())))}
    return {node: ranks[column] for node, column in levels.items()}


def _push(levels: dict[str, int], edges: Sequence[Edge], level: Sequence[Sequence[str]]) -> None:
    """Move nodes right until each is right of what it follows, and beside what shares its column."""
    for _ in range(len(levels)):
        for edge in edges:
            levels[edge.end] = max(levels[edge.end], levels[edge.start] + 1)
        for names in level:
            levels.update(dict.fromkeys(names, max(levels[name] for name in names)))


def parts(graph: Graph) -> list[list[str]]:
    """Return the nodes that arrows or boxes connect, the largest part first."""
    label = {name: number for number, name in enumerate(graph.nodes)}
    pairs = [(edge.start, edge.end) for edge in graph.edges]
    for group in graph.groups:
        members = [name for name, node in graph.nodes.items() if node.group == group]
        pairs += [(members[0], member) for member in members[1:]]
    for _ in graph.nodes:
        for one, other in pairs:
            label[one] = label[other] = min(label[one], label[other])
    by_number: dict[int, list[str]] = {}
    for name, number in label.items():
        by_number.setdefault(number, []).append(name)
    return sorted(by_number.values(), key=len, reverse=True)


class Part:  # pylint: disable=too-many-instance-attributes  # a box and all that lies in it
    """Lays out the nodes of one part."""

    def __init__(self, graph: Graph, names: Sequence[str]) -> None:
        self.graph = graph
        self.edges = forward(edge for edge in graph.edges if edge.start in names)
        ends = dict.fromkeys(name for edge in self.edges for name in (edge.start, edge.end))
        self.names = [*ends, *(name for name in names if name not in ends)]
        self.column = columns(self.names, self.edges, self._alike())
        self._join_box()
        self._push_free()
        self.cards = {name: card(graph.nodes[name], self._ports_height(name)) for name in self.names}
        self.height = {name: each.height for name, each in self.cards.items()}
        self.steps: list[Step] = []
        self.band = {name: self._band(name) for name in self.names}
        self.band |= dict.fromkeys(self.free(), FREE)
        for number, edge in enumerate(self.edges):
            self._divide(edge, number)
        self.cells: dict[tuple[int, int], list[str]] = {}
        for name, band in self.band.items():
            self.cells.setdefault((band, self.column[name]), []).append(name)
        self.middle: dict[str, float] = {}

    def groups(self) -> dict[str, list[str]]:
        """Return the members of each box in this part."""
        grouped: dict[str, list[str]] = {}
        for name in self.names:
            if self.graph.nodes[name].group:
                grouped.setdefault(self.graph.nodes[name].group, []).append(name)
        return grouped

    def regions(self) -> dict[str, list[str]]:
        """Return the members of each region, where there are several."""
        grouped: dict[str, list[str]] = {}
        for name in self.names:
            if self.graph.nodes[name].region in self.graph.regions:
                grouped.setdefault(self.graph.nodes[name].region, []).append(name)
        return grouped

    def free(self) -> list[str]:
        """Return what belongs to no region, where there are several."""
        return [name for name in self.names if self.graph.regions and not self.graph.nodes[name].region]

    def tiers(self, group: str) -> dict[str, list[str]]:
        """Return the members of each tier of a box, if every resident has one and each has columns of its own."""
        grouped: dict[str, list[str]] = {}
        for name in self.groups()[group]:
            grouped.setdefault(self.graph.nodes[name].tier, []).append(name)
        spans = sorted(self._span(members) for members in grouped.values())
        return grouped if "" not in grouped and all(one[1] < two[0] for one, two in pairwise(spans)) else {}

    def _alike(self) -> list[list[str]]:
        """Return what is of one kind in one tier: it stands in one column."""
        alike: dict[tuple[str, Style], list[str]] = {}
        for name in self.names:
            node = self.graph.nodes[name]
            if node.tier:
                alike.setdefault((node.tier, node.kind), []).append(name)
        return list(alike.values())

    def _span(self, members: Iterable[str]) -> tuple[int, int]:
        """Return the first and the last column of some nodes."""
        numbers = sorted(self.column[name] for name in members)
        return numbers[0], numbers[-1]

    def spans(self) -> list[tuple[int, int, str]]:
        """Return the first and the last column of each box and each tier, and its words."""
        boxes = [(self.graph.groups[group], members) for group, members in self.groups().items()]
        tiers = [tier for group in self.groups() for tier in self.tiers(group).items()]
        regions = [(self.graph.regions[role], members) for role, members in self.regions().items()]
        return [(*self._span(members), words) for words, members in boxes + tiers + regions]

    def _join_box(self) -> None:
        """Put residents without arrows into the last column of their box."""
        tied = {name for edge in self.edges for name in (edge.start, edge.end)}
        for members in self.groups().values():
            last = max((self.column[name] for name in members if name in tied), default=0)
            self.column |= {name: last for name in members if name not in tied}

    def _push_free(self) -> None:
        """Put what regions lead to, and belongs to none of them, right of all of them."""
        residents = {name for members in self.regions().values() for name in members}
        last = max((self.column[name] for name in residents), default=0)
        ends = {edge.end for edge in self.edges if edge.start in residents} & set(self.free())
        self.column |= dict.fromkeys(ends, last + 1)

    def _ports_height(self, name: str) -> float:
        """Return how high a card must be for its arrows to stand apart."""
        leaving = [edge for edge in self.edges if edge.start == name]
        number = max(len(leaving), sum(edge.end == name for edge in self.edges))
        return 20 + number * (PORT_NOTED if any(edge.note for edge in leaving) else PORT)

    def _band(self, name: str) -> int:
        """Return which band a node is in: its box's, that of what it is connected with, or the last one."""
        groups = list(self.groups())
        if self.graph.nodes[name].group:
            return groups.index(self.graph.nodes[name].group)
        near = [edge.end if edge.start == name else edge.start for edge in self.edges if name in (edge.start, edge.end)]
        bands = [groups.index(self.graph.nodes[other].group) for other in near if self.graph.nodes[other].group]
        return self._outside(bands[0] if bands else 0, self.column[name])

    def _outside(self, band: int, column: int) -> int:
        """Return the band for what stands outside a band's box, in a column."""
        members = [self.column[name] for name in list(self.groups().values())[band]] if self.groups() else []
        return len(self.groups()) if members and min(members) <= column <= max(members) else band

    def _divide(self, edge: Edge, number: int) -> None:
        """Divide an arrow into steps from column to column, with room for it in the columns between."""
        here = edge.start
        inside = self.graph.nodes[edge.start].group or self.graph.nodes[edge.end].group
        for column in range(self.column[edge.start] + 1, self.column[edge.end]):
            stop = f"{number}/{column}"
            self.column[stop], self.height[stop] = column, 4.0
            self.band[stop] = self.band[edge.start] if inside else self._outside(self.band[edge.start], column)
            self.steps.append(Step(edge, here, stop))
            here = stop
        self.steps.append(Step(edge, here, edge.end))

    def order(self) -> None:
        """Order each column so that few arrows cross and all are short."""
        for _ in range(SWEEPS):
            for cell, members in sorted(self.cells.items()):
                if len(members) <= MANY:
                    self.cells[cell] = list(min(permutations(members), key=partial(self._cost, cell)))

    def _cost(self, cell: tuple[int, int], members: Sequence[str]) -> tuple[int, float]:
        """Return the crossings and the length of the arrows at a column when its members are in an order."""
        positions: dict[str, tuple[int, float]] = {}
        for here, names in {**self.cells, cell: list(members)}.items():
            positions |= {name: (here[0], number - (len(names) - 1) / 2) for number, name in enumerate(names)}
        near = [step for step in self.steps if abs(self.column[step.start] * 2 + 1 - cell[1] * 2) == 1]
        crossings = sum(
            positions[one.start] < positions[two.start] and positions[one.end] > positions[two.end]
            for one in near
            for two in near
            if self.column[one.start] == self.column[two.start]
        )
        return crossings, sum(abs(positions[step.start][1] - positions[step.end][1]) for step in near)

    def stack(self) -> None:
        """Give each node its height: bands from top to bottom, in each of them what is connected side by side."""
        top = 0.0
        for band in sorted({band for band, _ in self.cells} - {FREE}):
            cells = {column: names for (here, column), names in sorted(self.cells.items()) if here == band}
            members = [name for names in cells.values() for name in names]
            self.middle |= dict.fromkeys(members, 0.0)
            for turn in range(TURNS):
                for column in sorted(cells, reverse=bool(turn % 2)):
                    targets = [self._wanted(name, members) for name in cells[column]]
                    places = spread(targets, [self.height[name] for name in cells[column]], SPACE)
                    self.middle |= dict(zip(cells[column], places, strict=True))
            above = top - min(self._reach(name)[0] for name in members)
            self.middle |= {name: float(round(self.middle[name] + above)) for name in members}
            top = max(self._reach(name)[1] for name in members) + APART
        self.middle = dict.fromkeys(self.free(), 0.0) | self.middle
        for turn in range(TURNS if self.free() else 0):
            for (band, _), names in sorted(self.cells.items(), reverse=bool(turn % 2)):
                if band == FREE:
                    targets = [self._wanted(name, list(self.middle)) for name in names]
                    places = spread(targets, [self.height[name] for name in names], SPACE)
                    self.middle |= {name: float(round(position)) for name, position in zip(names, places, strict=True)}

    def _wanted(self, name: str, among: Sequence[str]) -> tuple[float, float]:
        """Return the height at which a node's arrows would be shortest, and how much that matters."""
        total, weights = 0.0, 0.0
        for step in self.steps:
            other = step.end if step.start == name else step.start
            if name in (step.start, step.end) and other in among:
                weight = STRONG if step.edge.main else LIGHT if step.edge.back else 1.0
                total, weights = total + self.middle[other] * weight, weights + weight
        return (total / weights, weights) if weights else (self.middle[name], LIGHT)

    def _reach(self, name: str) -> tuple[float, float]:
        """Return where a node begins and ends, with the edge of its box."""
        half, boxes = self.height[name] / 2, 0
        if name in self.cards and self.graph.nodes[name].group:
            boxes = 2 if self.tiers(self.graph.nodes[name].group) else 1
        boxes += name in self.cards and bool(self.graph.regions and self.graph.nodes[name].region)
        return self.middle[name] - half - HEAD * boxes, self.middle[name] + half + PAD * boxes
