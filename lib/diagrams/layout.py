"""Where everything of a picture goes: arrows with right angles, labels where nothing else is, parts on shelves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from lib.diagrams.graph import Edge, Graph
from lib.diagrams.rows import APART, ARRIVAL, HEAD, MANY, PAD, PORT, PORT_NOTED, Part, Step, parts
from lib.diagrams.text_width import Card, width

TRACK, ARROW, AIR = 12.0, 18.0, 8.0  # between upright pieces, for an arrow's head, left and right of a label
CORNER = 7.0  # how round a corner is
TIP = 8.0  # how much further right a label stands when the head is below it
OUT = 26.0  # between what is not in the region, the region's edge, and what is in it
LIFT = 5.0  # a label stands so much above its arrow


@dataclass
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the right end."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Return the lower end."""
        return self.y + self.height


@dataclass
class Route:
    """An arrow's way, and where its label stands."""

    edge: Edge
    points: list[tuple[float, float]]
    label: tuple[float, float]


@dataclass
class Picture:
    """The places of everything."""

    width: float = 0.0
    height: float = 0.0
    begin: float = 0.0  # what is left of it is no part of the region
    cards: dict[str, tuple[Card, Box]] = field(default_factory=dict)
    boxes: dict[str, Box] = field(default_factory=dict)
    tiers: list[tuple[str, Box]] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    regions: dict[str, Box] = field(default_factory=dict)  # none where everything is in one region

    def move(self, x: float, y: float) -> None:
        """Shift everything."""
        boxes = [*(box for _, box in self.cards.values()), *self.boxes.values(), *self.regions.values()]
        for box in [*boxes, *(box for _, box in self.tiers)]:
            box.x, box.y = box.x + x, box.y + y
        for route in self.routes:
            route.points = [(left + x, top + y) for left, top in route.points]
            route.label = (route.label[0] + x, route.label[1] + y)

    def take(self, other: "Picture") -> None:
        """Add everything of another picture."""
        self.cards |= other.cards
        self.boxes |= other.boxes
        self.regions |= other.regions
        self.tiers += other.tiers
        self.routes += other.routes


class Wiring:
    """Draws a part whose rows are settled."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.leave: dict[Step, float] = {}
        self.arrive: dict[Step, float] = {}
        self.tracks: dict[Step, int] = {}
        self.left: dict[int, float] = {}  # each column's left end
        self.label: dict[int, float] = {}  # where labels begin in the gap right of each column
        self.upright: dict[int, float] = {}  # where upright pieces begin
        begins = [part.graph.nodes[name].kind.outside for name in part.cards if part.column[name] == 0]
        self.outside = all(begins) and len(begins) < len(part.cards) and not part.graph.regions  # of the region

    def draw(self) -> Picture:
        """Return the part's picture."""
        self._ports()
        last = max(self.part.column.values())
        widths = [self._width(column) for column in range(last + 1)]
        self.left[0] = 0.0
        for column in range(last + 1):
            widths[column] += self._lacking(column, widths[column])
            self._gap(column, self.left[column] + widths[column])
        picture = Picture()
        for name, card in self.part.cards.items():
            column, top = self.part.column[name], self.part.middle[name] - card.height / 2
            picture.cards[name] = (card, Box(self.left[column], top, widths[column], card.height))
        self._enclose(picture)
        picture.routes = [self._route(edge, widths) for edge in self.part.edges]
        everything = [*(box for _, box in picture.cards.values()), *picture.boxes.values(), *picture.regions.values()]
        left, top = min(box.x for box in everything), min(box.y for box in everything)
        picture.width, picture.height = (
            max(box.right for box in everything) - left,
            max(box.bottom for box in everything) - top,
        )
        if self.outside:
            picture.begin = self.left[0] + widths[0] + OUT - left
        picture.move(-left, -top)
        return picture

    def _enclose(self, picture: Picture) -> None:
        """Add the boxes, and in them the tiers, which are all as high as their box."""
        for group, members in self.part.groups().items():
            box = self._box([picture.cards[name][1] for name in members])
            tiers = []
            for words, inside in self.part.tiers(group).items():
                tier = self._box([picture.cards[name][1] for name in inside])
                tiers.append((words, Box(tier.x, box.y, tier.width, box.height)))
            picture.boxes[group] = self._box([tier for _, tier in tiers]) if tiers else box
            picture.tiers += tiers
        for role, members in self.part.regions().items():
            groups = dict.fromkeys(self.part.graph.nodes[name].group for name in members)
            near = [picture.cards[name][1] for name in members]
            picture.regions[role] = self._box([*near, *(picture.boxes[group] for group in groups if group)])

    def _width(self, column: int) -> float:
        """Return the width of a column's cards: all are as wide as the widest."""
        return max(card.width for name, card in self.part.cards.items() if self.part.column[name] == column)

    def _lacking(self, column: int, wide: float) -> float:
        """Return how much wider a column must be for the words on the boxes that end with it."""
        lacking = [0.0]
        for first, last, words in self.part.spans():
            if last == column:
                lacking.append(width(words, "box-words") - (self.left[column] + wide - self.left[first]))
        return max(lacking)

    @staticmethod
    def _box(members: Sequence[Box]) -> Box:
        """Return the box around its members."""
        left, top = min(box.x for box in members) - PAD, min(box.y for box in members) - HEAD
        right, bottom = max(box.right for box in members) + PAD, max(box.bottom for box in members) + PAD
        return Box(left, top, right - left, bottom - top)

    def _ports(self) -> None:
        """Decide at which height each arrow leaves and arrives; nearly level ones become level."""
        part, middle = self.part, self.part.middle
        for name in part.column:
            leaving = sorted((step for step in part.steps if step.start == name), key=lambda step: middle[step.end])
            gap = PORT_NOTED if any(step.edge.note for step in leaving) else PORT
            for number, step in enumerate(leaving):
                self.leave[step] = middle[name] + (number - (len(leaving) - 1) / 2) * gap
            arriving = sorted((step for step in part.steps if step.end == name), key=lambda step: middle[step.start])
            for number, step in enumerate(arriving):
                self.arrive[step] = middle[name] + (number - (len(arriving) - 1) / 2) * ARRIVAL
        self._level()

    def _level(self) -> None:
        """Shift all the ends at one side of a card so that a nearly level arrow becomes level, the main ones first."""
        part, settled = self.part, set[tuple[str, str]]()
        for step in sorted(part.steps, key=lambda step: not step.edge.main):
            for ports, side, other in ((self.arrive, "end", self.leave), (self.leave, "start", self.arrive)):
                name, shift = getattr(step, side), other[step] - ports[step]
                ends = [near for near in part.steps if getattr(near, side) == name]
                room = part.height[name] / 2 - CORNER - 3
                fits = all(abs(ports[near] + shift - part.middle[name]) <= room for near in ends)
                if abs(shift) <= PORT and fits and (side, name) not in settled:
                    for near in ends:
                        ports[near] += shift
                    settled |= {("end", step.end), ("start", step.start)}

    def _gap(self, column: int, begin: float) -> None:
        """Decide where labels and upright pieces stand right of a column, and where the next column begins."""
        part = self.part
        steps = [step for step in part.steps if part.column[step.start] == column]
        bent = [step for step in steps if self.leave[step] != self.arrive[step]]
        orders: Iterable[Sequence[Step]] = [sorted(bent, key=lambda step: -self.leave[step])]
        if len(bent) <= MANY:
            orders = permutations(bent)
        for number, step in enumerate(min(orders, key=self._crossings)):
            self.tracks[step] = number
        spans = part.spans()
        self.label[column] = begin + AIR + PAD * sum(last == column for _, last, _ in spans)
        if column == 0 and self.outside:
            self.label[column] += OUT
        words = [width(step.edge.label, "label") + TIP * step.edge.back for step in steps if step.edge.label]
        words += [width(step.edge.note, "note") for step in steps if step.edge.note]
        self.upright[column] = self.label[column] + max((word + AIR for word in words), default=0.0)
        room = len(bent) * TRACK + PAD * sum(first == column + 1 for first, _, _ in spans)
        self.left[column + 1] = self.upright[column] + room + ARROW

    def _crossings(self, order: Iterable[Step]) -> int:
        """Return how often arrows cross when their upright pieces stand in an order, from left to right."""
        total, steps = 0, list(order)
        for number, one in enumerate(steps):
            low, high = sorted((self.leave[one], self.arrive[one]))
            for two in steps[number + 1 :]:
                total += low <= self.leave[two] <= high
                least, most = sorted((self.leave[two], self.arrive[two]))
                total += least <= self.arrive[one] <= most
                total += 4 * (abs(self.arrive[one] - self.leave[two]) < LIFT)
        return total

    def _route(self, edge: Edge, widths: Sequence[float]) -> Route:
        """Return an arrow's corners and the place of its label."""
        points: list[tuple[float, float]] = []
        steps = [step for step in self.part.steps if step.edge is edge]
        for step in steps:
            column = self.part.column[step.start]
            points.append((self.left[column] + widths[column], self.leave[step]))
            if step in self.tracks:
                across = self.upright[column] + (self.tracks[step] + 0.5) * TRACK
                points += [(across, self.leave[step]), (across, self.arrive[step])]
            points.append((self.left[column + 1], self.arrive[step]))
        label = self.label[self.part.column[edge.start]] + TIP * edge.back
        return Route(edge, points, (label, self.leave[steps[0]] - LIFT))


def shelve(drawn: Sequence[Picture]) -> Picture:
    """Return parts on shelves: each shelf as full as it can be, its parts spread over the whole width."""
    whole, shelves = Picture(begin=max((part.begin for part in drawn), default=0.0)), list[list[Picture]]()
    room = max((part.width - part.begin for part in drawn), default=0.0)
    for part in drawn:
        if not shelves or sum(near.width - near.begin + APART for near in [*shelves[-1], part]) - APART > room:
            shelves.append([])
        shelves[-1].append(part)
    for shelf in shelves:
        left = whole.begin
        free = (room - sum(part.width - part.begin for part in shelf)) / max(len(shelf) - 1, 1)
        for part in shelf:
            part.move(left - part.begin, whole.height)
            whole.take(part)
            left += part.width - part.begin + free
        whole.height += max(part.height for part in shelf) + APART
    whole.width, whole.height = whole.begin + room, max(whole.height - APART, 0.0)
    return whole


def lay_out(graph: Graph) -> Picture:
    """Return where everything goes."""
    drawn = []
    for names in parts(graph):
        part = Part(graph, names)
        part.order()
        part.stack()
        drawn.append(Wiring(part).draw())
    return shelve(drawn)
