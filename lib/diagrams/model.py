"""From a CloudFormation template to what is drawn of it: nodes, arrows, boxes and a count of the rest."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from os.path import commonprefix

from lib.common.json_types import JsonMapping
from lib.diagrams import cloudformation_types as types
from lib.diagrams.graph import Edge, Graph, Node
from lib.diagrams.network import Network
from lib.diagrams.nouns import ENCRYPTED, NOUNS, SERVICES, SILENT
from lib.diagrams.template import Template, at, count, references


class Reader:
    """Builds the graph of one template."""

    def __init__(self, system: str, content: JsonMapping) -> None:
        self.system, self.template = system, Template(content)
        self.network = Network(self.template)
        self.graph = Graph(system, self.template.text(self.template.description))
        self.names: dict[str, str] = {}
        self.joined, self.guarded = set[tuple[str, str]](), set[str]()  # arrows; load balancers with a web ACL
        self.place: dict[str, str] = {}  # logical id, or id and attribute, to the node that shows it

    def read(self) -> Graph:
        """Return the graph."""
        for name in self.template.of(types.VPC):
            self.graph.groups[name] = self.network.box(name)
        drawn = [
            name
            for name in self.template.of(*types.STYLES)
            if self.template.of(types.ONLY_WITH.get(self.template.type(name), self.template.type(name)))
        ]
        self.names = {name: self._physical(name) for name in drawn}
        for name in drawn:
            gathered = self.template.type(name) in types.GATHERED
            self.place[name] = self.template.type(name) if gathered else name
        for name in self.template.of(*types.FOLDED):
            self.place.update((name, host) for host in self._hosts(name)[:1])
        for name in self.template.of(*types.ATTACHMENTS):
            paths = types.ATTACHMENTS[self.template.type(name)]
            (group,), (target,) = (self.network.owners(name, path)[:1] for path in paths)
            self.place[group] = self.place[target]
        for name in drawn:
            if self.place[name] == name:
                self._add(name)
        for kind in types.GATHERED:
            self._gather(kind)
        self._relate()
        self._tell()
        self._drop_endpoints()
        self.graph.rest = self._rest()
        return self.graph

    def _hosts(self, name: str) -> list[str]:
        """Return the resources on whose card another one is a line: it refers to them, or they to it."""
        fold = types.FOLDED[self.template.type(name)]
        return [
            host
            for host in self.template.of(fold.host)
            if host in self.network.owners(name, fold.by) or name in self.network.owners(host)
        ]

    def _gather(self, kind: str) -> None:
        """Add the one card for all of a stack's resources of a type."""
        members = [name for name, node in self.place.items() if node == kind]
        if not members:
            return
        look, lines = types.STYLES[kind], {types.ALARM: self._alarms, types.KEY: self._keys, types.LOGS: self._logs}
        self.graph.nodes[kind] = Node(
            look,
            count(len(members), look.noun),
            "",
            lines.get(kind, tuple)(),
            self.network.home(members[0])[0],
            self._chips(kind),
            tier=self.network.tier(members[0]),
            zones=self.network.zones(members),
        )

    def _drop_endpoints(self) -> None:
        """Name an endpoint on its VPC's box instead of drawing it when no arrow goes through it."""
        for name in self.template.of(types.ENDPOINT):
            node, ends = self.graph.nodes[name], [end for edge in self.graph.edges for end in (edge.start, edge.end)]
            if node.group and name not in ends:
                self.graph.groups[node.group] += f" · {node.title} {node.lines[0][:1].lower()}{node.lines[0][1:]}"
                del self.graph.nodes[name]

    def _physical(self, name: str) -> str:
        """Return a resource's physical name, else its logical id without the hash."""
        kind, properties = self.template.type(name), self.template.properties(name)
        if kind == types.CUSTOM:
            return str(self.template.resources[name]["Type"]).removeprefix(types.CUSTOM)
        if kind in types.NAMELESS:
            return ""
        if kind == types.KEY:
            aliases = [self.template.properties(alias) for alias in self.template.of("AWS::KMS::Alias")]
            named = [alias["AliasName"] for alias in aliases if name in dict(references(alias.get("TargetKeyId")))]
            if named:
                return self.template.text(named[0]).removeprefix("alias/")
        path = types.STYLES[kind].name
        return self.template.text(at(properties, path) if path else None) or re.sub(r"[0-9A-F]{8}$", "", name)

    def short(self, name: str) -> str:
        """Return a physical name without what all names of the system have in common."""
        names = [full[::-1] for full in self.names.values() if re.match(r"[^/]+-", full)]
        tail = commonprefix(names)[::-1]  # noqa: RUF071 - of letters
        ending = "".join(tail.partition("-")[1:])
        return name.removesuffix(ending).removeprefix(f"{self.system}-") or name

    def _kind(self, node: str) -> str:
        """Return the type that a node shows."""
        owner, _, implied = node.partition(".")
        kind = self.template.type(owner)
        return types.IMPLIED[kind].type if implied else kind or node

    def _call(self, node: str) -> str:
        """Return what other cards call a node: a function by its short name, the rest by their nouns."""
        kind = self._kind(node)
        return self.short(self.names[node]) if kind == types.FUNCTION else types.STYLES[kind].noun

    def _encrypted(self) -> Iterator[tuple[str, str, str]]:
        """Yield each key with each node, or resource that is only counted, that it encrypts something of, and whose."""
        for name in self.template.resources:
            kind = self.template.type(name)
            if kind in NOUNS and kind not in ENCRYPTED:
                continue  # policies and aliases name keys without being encrypted
            for path, value in self.template.properties(name).items():
                for owner, _ in references(value):
                    if self.template.type(owner) == types.KEY:
                        setting = self.network.owners(name, types.SETTINGS.get(kind, "-"))
                        yield owner, self._shown(name, path) or "".join(setting) or name, name

    def _chips(self, node: str) -> tuple[str, ...]:
        """Return the short names of the keys that encrypt what a node shows."""
        return tuple(dict.fromkeys(self.short(self.names[key]) for key, shown, _ in self._encrypted() if shown == node))

    def _add(self, name: str) -> None:
        """Add the node of a resource, and of what AWS creates with it."""
        template, kind, properties = self.template, self.template.type(name), self.template.properties(name)
        look = types.STYLES[kind]
        title = template.fill(look.title, properties) or look.noun
        if kind == types.ENDPOINT:
            title = SERVICES.get(self._service(name), (self._service(name), ""))[0]
        lines = [template.fill(line, properties) for line in look.lines]
        lines += [template.fill(types.CALLERS, template.properties(rule)) for rule in self.network.callers(name)]
        lines += [
            template.fill(fold.line, template.told(folded))
            for kind_of, fold in types.FOLDED.items()
            for folded in template.of(kind_of)
            if self.place.get(folded) == name != folded
        ]
        copies = template.text(properties.get("MultiAZ")) == "true"
        implied = types.IMPLIED.get(kind)
        if implied and template.fill(f"{{{implied.switch}?yes}}", properties):
            self.place[f"{name}.{implied.attribute}"] = f"{name}.{implied.attribute}"
            card = types.STYLES[implied.type]
            self.graph.nodes[f"{name}.{implied.attribute}"] = Node(
                card, card.title, implied.name, (), "", self._chips(f"{name}.{implied.attribute}")
            )
        home = "" if look.outside else self.network.home(name)[0]
        self.graph.nodes[name] = Node(
            look,
            *(title, self.names[name], tuple(filter(None, lines))),
            *(home, self._chips(name), copies),
            tier=self.network.tier(name),
            zones=self.network.zones([name]),
        )

    def _service(self, name: str) -> str:
        """Return the service that an endpoint leads to, as the end of its name says it."""
        return self.template.text(self.template.properties(name).get("ServiceName")).rpartition(".")[2]

    def _relate(self) -> None:
        """Add the arrows: what the relations say first, then what only the security groups tell."""
        for kind, relations in types.RELATIONS.items():
            for name in self.template.of(kind):
                for relation in relations:
                    self._draw(name, relation)
        for start, end in self.network.allowed():
            self._join(start, end, types.Relation("", ""))
        for gateway in self.template.of(types.INTERNET):
            for end, rule in self.network.open():
                words = "port {FromPort}" + " · by the web ACL" * (self.place[end] in self.guarded)
                note = self.template.fill(words, self.template.properties(rule))
                self._join(gateway, self.place[end], types.Relation("", "", "requests", note))
            for end in self.template.of(types.API):
                guards = (e.start for e in self.graph.edges if e.end == end and self._kind(e.start) == types.ACL)
                self._join(gateway, next(guards, end), types.Relation("", "", "requests"))
        for gateway, subnet in self.network.routes():
            for name, node in self.place.items():
                leaves = self.template.type(name) in types.LEAVING and subnet in self.network.home(name)[1]
                if gateway in self.place and leaves and node in self.graph.nodes:
                    self._join(self.place[gateway], node, types.Relation("", "", types.OUTBOUND))

    def _draw(self, name: str, relation: types.Relation) -> None:
        """Add the arrows that one relation of a resource stands for."""
        properties = self.template.properties(name)
        note = self.template.fill(relation.note, properties)
        starts, ends = (
            [self._shown(*pair) for pair in references(at(properties, path)) if self.network.granted(name, pair[0])]
            if path
            else [self.place.get(name, "")]
            for path in (relation.start, relation.end)
        )
        for start, end in product(filter(None, starts), filter(None, ends)):
            if (self._kind(start), self._kind(end)) == (types.ACL, types.BALANCER):
                self.guarded.add(end)  # which stands in a column of its tier: the arrow that it has says it
            else:
                self._join(start, end, replace(relation, note=note))

    def _shown(self, owner: str, attribute: str) -> str:
        """Return the node that shows what a reference means, if one does."""
        implied = f"{owner}.{attribute.partition('.')[0]}"
        return implied if implied in self.place else self.place.get(owner, "")

    def _join(self, start: str, end: str, relation: types.Relation) -> None:
        """Add one arrow, through an endpoint of its VPC when it leaves one."""
        kind = self._kind(end)
        deployed = any(edge.end == start and self._kind(edge.start) in types.ONCE for edge in self.graph.edges)
        label = relation.label or (deployed and types.DEPLOYED.get(kind)) or types.FLOWS.get(kind, "")
        if start == end or not label or (start, end) in self.joined:
            return
        self.joined.add((start, end))
        if kind in types.FIRST:
            start, end = end, start
        stops = [start, *self._through(start, end), end]
        for near, far in pairwise(stops):
            if not any((edge.start, edge.end) == (near, far) for edge in self.graph.edges):
                words = (label, relation.note) if near == start else ("", "")
                back = kind in types.BACK or label in types.BACK
                self.graph.edges.append(Edge(near, far, *words, back, label in types.MAIN))

    def _through(self, start: str, end: str) -> list[str]:
        """Return the endpoint between two nodes, if there is one."""
        node = self.graph.nodes[start]  # in a VPC of tiers an endpoint stands in none of them: its box names it
        home = node.group if self._kind(start) in types.CLIENTS and not node.tier else ""
        return [
            name
            for name in self.template.of(types.ENDPOINT)
            if home
            and self.graph.nodes[name].group == home != self.graph.nodes[end].group
            and SERVICES.get(self._service(name), ("", ""))[1] == self._kind(end)
        ][:1]

    def _tell(self) -> None:
        """Say on a card who uses it, instead of drawing the arrows, where these are many."""
        for node in list(self.graph.nodes):
            words = types.TOLD.get(self._kind(node))
            near = {
                edge.end if edge.start == node else edge.start: edge
                for edge in self.graph.edges
                if node in (edge.start, edge.end)
            }
            clients = [name for name in near if self._kind(name) == types.FUNCTION]
            if words and len(clients) > types.FEW:
                line = f"{words} {', '.join(map(self._call, clients))}"
                self.graph.nodes[node] = replace(self.graph.nodes[node], lines=(*self.graph.nodes[node].lines, line))
                self.graph.edges = [edge for edge in self.graph.edges if edge not in map(near.get, clients)]

    def _alarms(self) -> tuple[str, ...]:
        """Return the lines on the alarms' card: what is watched, and the alarms that watch it."""
        watched: dict[str, list[str]] = {}
        for name in self.template.of(types.ALARM):
            nodes = [self._shown(*pair) for pair in references(self.template.properties(name).get("Dimensions"))]
            node = next(filter(None, nodes), "")
            watched.setdefault(self._call(node) if node else "", []).append(self.short(self.names[name]))
        return tuple(f"{node}: {', '.join(alarms)}".removeprefix(": ") for node, alarms in watched.items())

    def _keys(self) -> tuple[str, ...]:
        """Return the lines on the keys' card: each key, and what it encrypts."""
        counts: dict[str, Counter[str]] = {self.names[key]: Counter() for key in self.template.of(types.KEY)}
        for key, shown, _ in dict.fromkeys(self._encrypted()):
            kind = self._kind(shown)
            look = types.STYLES.get(kind)
            counts[self.names[key]][look.noun if look else NOUNS.get(kind, kind)] += 1
        return tuple(
            f"{self.short(key)} key: "
            + ", ".join(noun if number == 1 else count(number, noun) for noun, number in nouns.items())
            for key, nouns in counts.items()
        )

    def _logs(self) -> tuple[str, ...]:
        """Return the lines on the log groups' card: their names, and how long they keep what is in them."""
        every = self.template.of(types.LOGS)
        kept = [self.template.fill("kept {RetentionInDays:day}", self.template.properties(name)) for name in every]
        return (*(self.names[name] for name in every), *filter(None, dict.fromkeys(kept)))

    def _rest(self) -> tuple[str, ...]:
        """Return the count of everything that is not drawn, the most frequent first."""
        kinds = [self.template.type(name) for name in self.template.resources if name not in self.place]
        nouns = Counter(NOUNS.get(kind, kind) for kind in kinds if kind not in SILENT)
        return tuple(
            count(number, noun) if "::" not in noun else f"{number} × {noun}"
            for noun, number in sorted(nouns.items(), key=lambda item: (-item[1], item[0]))
        )
