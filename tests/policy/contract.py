"""What a deployed environment knows its resources by: identities, names, what cannot be changed, and outputs.

A resource whose identity, name or create-only property changes is deleted and made anew by the next deployment, with
its data; an output that is renamed breaks whoever reads it. So they stand in a file for each system, and a change of
them is a decision: ``.venv/bin/python -m tests.policy.contract`` writes the files again.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.common import region
from lib.common.setting_types import ENVIRONMENTS
from lib.declared.model import Declaration, Resource
from lib.declared.schemas import create_only
from tests.policy.cases import SYSTEMS, Case, declared, source_of
from tests.policy.rules.fixed_names import IN_USE
from tests.policy.rules.limits import tags
from tests.policy.rules.names import NAMES, names

FOLDER = Path(__file__).parent / "contracts"
# It can be changed for a cluster that is restored only.
ALSO_FIXED = {"AWS::RDS::DBCluster": ("MasterUsername",)}
# Another one is a new revision beside the old one, which is how these change.
REVISIONS = frozenset({"AWS::ApiGateway::Deployment", "AWS::ECS::TaskDefinition"})
REGIONS = ("FIRST_REGION", "SECOND_REGION")
# How the lines begin that are no identity of a resource.
FACTS = ("name of ", "output ", "fixed ", "called ", "life ")


def of_template(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the logical ids of a CloudFormation template, with their types, and its outputs."""
    yield from (f"{found['Type']} {name}" for name, found in document["Resources"].items())
    yield from (f"output {name}" for name in document["Outputs"])


def of_configuration(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the addresses of a Terraform configuration, and its outputs."""
    yield from (f"{kind}.{name}" for kind, group in document["resource"].items() for name in group)
    yield from (f"output {name}" for name in document["output"])


def of_program(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the URNs of a Pulumi program without their stack, which has the suffix, and its outputs.

    Components are not among the recorded resources; each is the parent of one.
    """
    urns = {found[key].split("::", 2)[2] for found in document["registrations"] for key in ("urn", "parent")}
    yield from (urn for urn in urns if not urn.startswith("pulumi:pulumi:Stack::"))
    yield from (f"output {name}" for name in document["outputs"])


def lives(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what happens to a resource that is replaced or removed, where that is not its tool's default."""
    for name, found in document.get("Resources", {}).items():
        policies = {key: found[key] for key in ("DeletionPolicy", "UpdateReplacePolicy") if key in found}
        if set(policies.values()) - {"Delete"}:
            yield f"{name} {policies}"
    for kind, group in document.get("resource", {}).items():
        yield from (f"{kind}.{name} {body['lifecycle']}" for name, body in group.items() if "lifecycle" in body)
    for found in document.get("registrations", []):
        options = {key: value for key, value in found["options"].items() if value and key != "dependencies"}
        if options:
            yield f"{found['urn'].split('::', 2)[2]} {options}"


IDENTITIES = {"cdk": of_template, "cdktf": of_configuration, "pulumi": of_program}


def lines(system: str) -> list[str]:
    """Return what a system is known by, in any of its environments; regions go by their place in the pair."""
    found: set[str] = set()
    for case in (Case(system, environment) for environment in ENVIRONMENTS):
        found |= {plain(line) for line in IDENTITIES[case.tool](source_of(case).document)}
        found |= {f"life in {case.environment} of {line}" for line in lives(source_of(case).document)}
        found |= {f"name of {resource.type} {plain(name)}" for resource, name in names(declared(case))}
        found |= {f"called {resource.type} {resource.name} {plain(name)}" for resource, name in called(declared(case))}
        found |= {plain(line) for line in fixed(declared(case))}
    return sorted(found)


def called(declaration: Declaration) -> Iterator[tuple[Resource, str]]:
    """Yield every resource that has the tag ``Name``, by which an operator finds it in the console."""
    for resource in declaration.resources:
        yield from ((resource, value) for key, value in tags(resource) if key == "Name")


def fixed(declaration: Declaration) -> Iterator[str]:
    """Yield what cannot be changed of a resource that is there: CloudFormation's create-only properties."""
    for resource in [found for found in declaration.resources if found.type not in REVISIONS]:
        for path in (*create_only(resource.type), *ALSO_FIXED.get(resource.type, ())):
            value = resource.at(path)
            if value is not None:
                text = json.dumps(value, sort_keys=True, default=str)
                yield f"fixed for {resource.type} {resource.name} {path} {text}"


def plain(text: str) -> str:
    """Return a text with the regions' places instead of their names and short names, and one partition for all."""
    first, second = region.pair({})
    for place, name in zip(REGIONS, (first, second), strict=True):
        text = text.replace(name, place).replace(region.short(name), place)
    text = text.replace(region.global_region(first), "GLOBAL_REGION")
    return text.replace(region.dns_suffix(first), "amazonaws.com").replace(
        f"arn:{region.partition(first)}:", "arn:aws:"
    )


def replaced_under_their_names(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Return what is replaced by a change, is in use by then, and keeps its name: AWS would refuse the deployment."""
    known, found = _fixed(before), _fixed(after)
    return [
        f"{name} ({kind}): {path} is {value} and was {known[kind, name][path]}, so that it is replaced: "
        f"another resource uses it until then, give it another name than {values[NAMES[kind]]}."
        for (kind, name), values in found.items()
        for path, value in values.items()
        if kind in IN_USE
        and known.get((kind, name), {}).get(path, value) != value
        and known[kind, name].get(NAMES[kind]) == values.get(NAMES[kind])
    ]


def _fixed(lines_: Iterable[str]) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for line in lines_:
        if line.startswith("fixed for "):
            kind, name, path, value = line.removeprefix("fixed for ").split(" ", 3)
            found.setdefault((kind, name), {})[path] = value
    return found


def main(systems: Sequence[str]) -> int:
    """Write the files of these systems again, or of all, but for one with a change that AWS would refuse."""
    FOLDER.mkdir(exist_ok=True)
    refused = []
    for system in systems or SYSTEMS:
        path, found = FOLDER / f"{system}.txt", lines(system)
        known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        wrong = replaced_under_their_names(known, found)
        refused += [f"{system}: {line}" for line in wrong]
        if not wrong:
            path.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
    print(*refused, sep="\n", end="\n" if refused else "", file=sys.stderr)
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
