"""From a CloudFormation template to what is drawn of it: nodes, arrows, boxes and a count of the rest."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scripts import draw_types as types
from scripts.draw_template import Template, at, count, references


@dataclass(frozen=True)
class Node:
    """One card of the picture."""

    kind: types.Kind
    title: str
    name: str
    lines: tuple[str, ...]
    group: str = ""
    keys: tuple[str, ...] = ()
    copies: bool = False


@dataclass(frozen=True)
class Edge:
    """One arrow; with ``back``, it points from the end to the start."""

    start: str
    end: str
    label: str = ""
    note: str = ""
    back: bool = False


@dataclass
class Graph:
    """All that is drawn."""

    title: str
    subtitle: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    rest: tuple[str, ...] = ()


class Reader:
    """Builds the graph of one template."""

    def __init__(self, system: str, content: Mapping[str, Any]) -> None:
        self.system, self.template = system, Template(content)
        self.graph = Graph(system, self.template.text(self.template.description))
        self.names: dict[str, str] = {}
        self.place: dict[str, str] = {}  # logical id, or id and attribute, to the node that shows it

    def read(self) -> Graph:
        """Return the graph."""
        for name in self.template.of(types.VPC):
            self.graph.groups[name] = self._network(name)
        drawn = self.template.of(*types.KINDS)
        self.names = {name: self._physical(name) for name in drawn}
        for name in drawn:
            gathered = self.template.type(name) in types.GATHERED
            self.place[name] = self.template.type(name) if gathered else name
            if not gathered:
                self._add(name)
        self._relate()
        for kind, lines in ((types.ALARM, self._alarms()), (types.KEY, self._keys())):
            if members := self.template.of(kind):
                look = types.KINDS[kind]
                self.graph.nodes[kind] = Node(look, count(len(members), look.noun), "", lines)
        self.graph.rest = self._rest()
        return self.graph

    def _physical(self, name: str) -> str:
        """Return a resource's physical name, else its logical id without the hash."""
        kind, properties = self.template.type(name), self.template.properties(name)
        if kind == types.CUSTOM:
            return str(self.template.resources[name]["Type"]).removeprefix(types.CUSTOM)
        if kind == types.ENDPOINT:
            return ""
        if kind == types.KEY:
            aliases = [self.template.properties(alias) for alias in self.template.of("AWS::KMS::Alias")]
            found = [alias["AliasName"] for alias in aliases if (name, "") in self._owners(alias.get("TargetKeyId"))]
            if found:
                return self.template.text(found[0]).removeprefix("alias/")
        path = types.KINDS[kind].name
        return self.template.text(at(properties, path) if path else None) or re.sub(r"[0-9A-F]{8}$", "", name)

    @staticmethod
    def _owners(value: Any) -> list[tuple[str, str]]:
        return [(owner, "") for owner, _ in references(value)]

    def short(self, name: str) -> str:
        """Return a physical name without what all names of the system have in common."""
        ends = {name.rpartition("-")[2] for name in self.names.values() if "-" in name}
        ending = f"-{ends.pop()}" if len(ends) == 1 else ""
        return name.removeprefix(f"{self.system}-").removesuffix(ending)

    def call(self, name: str) -> str:
        """Return what other cards call a resource: its short name, else its noun."""
        known = types.KINDS[self.template.type(name)]
        if self.template.type(name) != types.FUNCTION:
            return known.noun
        return self.short(self.names[name])

    def _network(self, name: str) -> str:
        """Return the words on a VPC's box."""
        subnets = [
            self.template.properties(subnet)
            for subnet in self.template.of("AWS::EC2::Subnet")
            if (name, "") in self._owners(self.template.properties(subnet).get("VpcId"))
        ]
        zones = {repr(subnet.get("AvailabilityZone")) for subnet in subnets}
        words = [self.template.fill("VPC {CidrBlock}", self.template.properties(name))]
        if subnets:
            words.append(f"{count(len(subnets), 'subnet')} in {count(len(zones), 'zone')}")
        if not self.template.of("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway"):
            words.append("no way to or from the internet")
        return " · ".join(filter(None, words))

    def _group(self, name: str) -> str:
        """Return the VPC that a resource lives in, found through its subnets and security groups."""
        seen, todo = {name}, [name]
        while todo:
            for owner, _ in references(self.template.properties(todo.pop(0))):
                if owner in self.graph.groups:
                    return owner
                if owner not in seen and self.template.type(owner) in types.NETWORK_PARTS:
                    seen.add(owner)
                    todo.append(owner)
        return ""

    def _encryption(self, name: str) -> Iterator[tuple[str, str]]:
        """Yield each key that a resource is encrypted with, and the name of what is encrypted."""
        kind = self.template.type(name)
        attribute = types.IMPLIED.get(kind, ("", "\0"))[1]
        for path, value in self.template.properties(name).items():
            for owner, _ in references(value) if kind not in types.NOUNS or kind == "AWS::Logs::LogGroup" else ():
                if self.template.type(owner) == types.KEY:
                    yield owner, f"{name}.{attribute}" if path == attribute else name

    def _chips(self, wanted: str) -> tuple[str, ...]:
        """Return the short names of the keys that encrypt what a node shows."""
        found = [key for key, name in self._encryption(wanted.partition(".")[0]) if name == wanted]
        return tuple(dict.fromkeys(self.short(self.names[key]) for key in found))

    def _add(self, name: str) -> None:
        """Add the node of a resource, and of what AWS creates with it."""
        template, kind, properties = self.template, self.template.type(name), self.template.properties(name)
        look = types.KINDS[kind]
        title = template.fill(look.title, properties) or look.noun
        if kind == types.ENDPOINT:
            service = template.text(properties.get("ServiceName")).rpartition(".")[2]
            title = types.SERVICES.get(service, (service, ""))[0]
        lines = tuple(filter(None, (template.fill(line, properties) for line in look.lines)))
        copies = template.text(properties.get("MultiAZ")) == "true"
        self.graph.nodes[name] = Node(
            look, title, self.names[name], lines, self._group(name), self._chips(name), copies
        )
        switch, attribute, implied, words = types.IMPLIED.get(kind, ("", "", "", ""))
        if switch and template.fill(f"{{{switch}?yes}}", properties):
            node = f"{name}.{attribute}"
            look = types.KINDS[implied]
            self.place[node] = node
            self.graph.nodes[node] = Node(look, look.title, words, (), "", self._chips(node))

    def _relate(self) -> None:
        """Add the arrows: what the relations say first, then what only the security groups tell."""
        for kind, relations in types.RELATIONS.items():
            for name in self.template.of(kind):
                for relation in relations:
                    self._draw(name, relation)
        for start, end in self._allowed():
            self._join(start, end, types.Relation("", ""))

    def _draw(self, name: str, relation: types.Relation) -> None:
        """Add the arrows that one relation of a resource stands for."""
        properties = self.template.properties(name)
        note = self.template.fill(relation.note, properties)
        starts, ends = (
            [self._shown(*found) for found in references(at(properties, path))] if path else [self.place.get(name, "")]
            for path in (relation.start, relation.end)
        )
        for start in filter(None, starts):
            for end in filter(None, ends):
                self._join(start, end, replace(relation, note=note))

    def _shown(self, owner: str, attribute: str) -> str:
        """Return the node that shows what a reference means, if one does."""
        implied = f"{owner}.{attribute.partition('.')[0]}"
        return implied if implied in self.place else self.place.get(owner, "")

    def _join(self, start: str, end: str, relation: types.Relation) -> None:
        """Add one arrow, through the endpoint of its VPC when it leaves one."""
        kind = self.kind(end)
        deployed = any(edge.end == start and self.kind(edge.start) == types.CUSTOM for edge in self.graph.edges)
        label = relation.label or (deployed and types.DEPLOYED.get(kind)) or types.FLOWS.get(kind, "")
        back, home = kind in types.BACK, self.graph.nodes[start].group if start in self.graph.nodes else ""
        stops = [start, end]
        if home and home != self.graph.nodes[end].group:
            stops[1:1] = [name for name in self.template.of(types.ENDPOINT)
                          if self._service(name) == kind and self.graph.nodes[name].group == home][:1]  # fmt: skip
        if start == end or not label or any((edge.start, edge.end) == (start, stops[1]) for edge in self.graph.edges):
            return
        self.graph.edges.append(Edge(start, stops[1], label, relation.note, back))
        if stops[1:] != [end] and not any((edge.start, edge.end) == (stops[1], end) for edge in self.graph.edges):
            self.graph.edges.append(Edge(stops[1], end, "", "", back))
