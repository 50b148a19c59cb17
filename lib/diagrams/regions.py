"""A picture of two regions: each is read by itself with what both share, and what is the same in both is drawn once.

What both share stands outside of their boxes: what answers for a name, and what replicates itself. A part of one region
that no arrow leads out of, and that the other region has too, word for word, is drawn in a box of its own.
"""

import re
from dataclasses import replace

from lib.common import region
from lib.common.json_types import JsonMapping
from lib.diagrams import cloudformation_types as types
from lib.diagrams.graph import Edge, Graph, Node
from lib.diagrams.layout import Box, Picture, lay_out
from lib.diagrams.model import Reader
from lib.diagrams.network import Network
from lib.diagrams.rows import APART, HEAD, PAD, parts
from lib.diagrams.template import Template, at, count

SHARED = (types.CLIENTS_OF_NAME, types.RECORD, types.CHECK, types.GLOBAL, types.PEERING)
REPLICATED = "Replicas"
BOTH, EACH = "both", "In each of the two regions"
KNOCKS = "is it there?"
_SHORT = re.compile(f"-(?:{'|'.join(map(region.short, region.known()))})(?=-)")
INSTANCES = [types.STYLES[kind] for kind in types.MEMBERS]


def shared(resource: JsonMapping) -> bool:
    """Tell whether a resource belongs to no region, or to both."""
    return resource["Type"] in SHARED or bool(at(resource["Properties"], REPLICATED))


def one(system: str, content: JsonMapping, role: str, *, whole: bool) -> Graph:
    """Return the graph of a region, ``whole`` with what both regions share."""
    kept = {
        name: resource
        for name, resource in content["Resources"].items()
        if (shared(resource) and whole) or (resource["Region"] == role and not shared(resource))
    }
    graph = Reader(system, {**content, "Resources": kept}).read()
    names = {name: name if name.partition(".")[0] in kept else f"{name} {role}" for name in graph.nodes}
    nodes = {
        names[name]: replace(
            node,
            name=node.name if name in kept and shared(kept[name]) else _without_region(node.name, role),
            region="" if name in kept and shared(kept[name]) else role,
        )
        for name, node in graph.nodes.items()
    }
    _merge_instances(graph, nodes)
    edges = [
        replace(edge, start=names[edge.start], end=names[edge.end])
        for edge in graph.edges
        if edge.end in nodes or edge.end not in kept
    ]
    return replace(graph, nodes=nodes, edges=[_told(edge, content) for edge in edges])


def _without_region(name: str, role: str) -> str:
    """Return a name as it is in both regions: without the role, and without the region that account-wide names have."""
    return _SHORT.sub("", name.replace(f"-{role}", ""))


def _merge_instances(graph: Graph, nodes: dict[str, Node]) -> None:
    """Say on a cluster's card what its instances are: which of them writes depends on the region that writes."""
    for name in [name for name, node in nodes.items() if node.kind == types.STYLES[types.CLUSTER]]:
        members = [edge.end for edge in graph.edges if edge.start == name and nodes[edge.end].kind in INSTANCES]
        classes = dict.fromkeys(line for member in members for line in nodes.pop(member).lines)
        lines = [line for line in nodes[name].lines if "…" not in line]  # what the global database's card says
        nodes[name] = replace(nodes[name], lines=(" · ".join([count(len(members), "instance"), *classes]), *lines))


def _told(edge: Edge, content: JsonMapping) -> Edge:
    """Return an arrow; a function that is told no password exchanges no rows, it looks whether somebody is there."""
    start, end = (content["Resources"].get(name, {"Type": ""})["Type"] for name in (edge.start, edge.end))
    knocks = start == types.FUNCTION and end in types.DATABASES
    return replace(edge, label=KNOCKS, main=False) if knocks else edge


def read(system: str, content: JsonMapping) -> Graph:
    """Return the graph of a template whose resources say which region they are in."""
    roles = list(content["Regions"])
    first, second, *others = (one(system, content, role, whole=number < 2) for number, role in enumerate(roles))
    graph = Graph(first.title, first.subtitle, rest=first.rest, regions={**content["Regions"], BOTH: EACH})
    # Whatever replicates goes to the second region: there its arrow points the other way.
    back = [replace(edge, back=True) if _replicates(edge, second) else edge for edge in second.edges]
    graph.nodes = {**second.nodes, **first.nodes}
    graph.edges = [*first.edges, *(edge for edge in back if edge not in first.edges)]
    graph.groups = {**first.groups, **second.groups}
    _fold(graph, roles[0], roles[1])
    for other in others:
        graph.nodes |= other.nodes
        graph.edges += other.edges
    used = {node.region for node in graph.nodes.values()}
    graph.regions = {role: words for role, words in graph.regions.items() if role in used}
    graph.links = _links(content)
    return graph


def _replicates(edge: Edge, graph: Graph) -> bool:
    return edge.label == "replication" and not graph.nodes[edge.end].region


def _fold(graph: Graph, first: str, second: str) -> None:
    """Draw what is the same in both regions, and tied to nothing else, once."""
    looks: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for names in parts(graph):
        roles = {graph.nodes[name].region for name in names}
        if len(roles) == 1:
            cards = sorted(repr(replace(graph.nodes[name], region="")) for name in names)
            looks[roles.pop(), tuple(cards)] = names
    for (role, look), names in looks.items():
        twin = looks.get((second, look), []) if role == first else []
        if twin:
            graph.nodes = {name: node for name, node in graph.nodes.items() if name not in twin}
            graph.edges = [edge for edge in graph.edges if edge.start not in twin]
            graph.nodes |= {name: replace(graph.nodes[name], region=BOTH) for name in names}


def _links(content: JsonMapping) -> list[tuple[str, str, str]]:
    network, links = Network(Template(content)), []
    for name in network.template.of(types.PEERING):
        (start,), (end,) = (network.owners(name, path) for path in ("VpcId", "PeerVpcId"))
        links.append((start, end, "VPC peering, routed both ways"))
    return links


def place(graph: Graph) -> Picture:
    """Return where everything goes: the two regions with what they share, and below them a box for each other one."""
    tied = {graph.nodes[name].region for names in parts(graph)[:1] for name in names}
    below = {
        role: [name for name, node in graph.nodes.items() if node.region == role]
        for role in graph.regions
        if role not in tied
    }
    lower = {name for names in below.values() for name in names}
    picture = lay_out(_only(graph, set(graph.nodes) - lower))
    left, top = 0.0, picture.height + APART
    for role, names in sorted(below.items(), key=lambda item: -len(item[1])):
        part = lay_out(_only(graph, set(names)))
        part.move(left + PAD, top + HEAD)
        part.regions[role] = Box(left, top, part.width + 2 * PAD, part.height + HEAD + PAD)
        left = part.regions[role].right + APART
        picture.height, picture.width = max(picture.height, part.regions[role].bottom), max(picture.width, left - APART)
        picture.take(part)
    return picture


def _only(graph: Graph, names: set[str]) -> Graph:
    nodes = {name: node for name, node in graph.nodes.items() if name in names}
    groups = {group: words for group, words in graph.groups.items() if any(n.group == group for n in nodes.values())}
    regions = {role: words for role, words in graph.regions.items() if any(n.region == role for n in nodes.values())}
    alone = len(regions) == 1
    return replace(
        graph,
        nodes=nodes,
        edges=[edge for edge in graph.edges if edge.start in names],
        groups=groups,
        regions={} if alone else regions,
    )
