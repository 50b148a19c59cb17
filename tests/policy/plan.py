"""What a deployment would do to each resource, from what was declared before and what is declared after a change.

A plan of the tool itself needs its state, and with it an account or an emulator. Which properties cannot be changed is
known without: CloudFormation's create-only properties, and where Terraform's AWS provider, on which pulumi-aws is built
too, changes or replaces other ones.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lib.declared.cloudformation import ZONE_QUESTION
from lib.declared.model import Declaration, Resource
from lib.declared.schemas import create_only
from tests.policy.contract import ALSO_FIXED, REVISIONS
from tests.policy.rules.names import NAMES
from tests.policy.spelling import snake

# What CloudFormation replaces, and Terraform's provider changes by a call of its own: everything but these.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html
STAYS_FIXED: Mapping[str, frozenset[str]] = {
    "AWS::EC2::SecurityGroupEgress": frozenset({"GroupId"}),
    "AWS::EC2::SecurityGroupIngress": frozenset({"GroupId"}),
    "AWS::EC2::SubnetRouteTableAssociation": frozenset({"SubnetId"}),
}
TAGS = frozenset({"Tags", "HealthCheckTags", "tags"})
# What is no value of a resource: how a tool goes about it, and that a value is looked up.
NO_VALUES = frozenset({"lifecycle", ZONE_QUESTION})
Counts = dict[str, int]
KINDS = ("created", "changed", "created_first", "deleted_first", "deleted")


@dataclass(frozen=True)
class Plan:
    """The resources by what becomes of them, each as ``<type> <name>``.

    Attributes:
        created: they were not there.
        changed: in place.
        created_first: replaced; the new one is there before the old one goes.
        deleted_first: replaced; the old one goes first.
        deleted: they are no longer declared.
        tags: nothing but their tags changes.
    """

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    created_first: tuple[str, ...] = ()
    deleted_first: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def counts(self) -> dict[str, Counts]:
        """Return how many resources of each type there are of each kind, without the kinds that have none."""
        lines: dict[str, tuple[str, ...]] = {kind: getattr(self, kind) for kind in KINDS}
        return {kind: dict(Counter(line.split(" ")[0] for line in found)) for kind, found in lines.items() if found}


def plan(before: Declaration, after: Declaration) -> Plan:
    """Return what becomes of each resource when what is declared before is deployed."""
    old = {resource.name: resource for resource in before.resources}
    new = {resource.name: resource for resource in after.resources}
    both = old.keys() & new.keys()
    replaced = {name for name in both if _replaced(old[name], new[name], after.tool)}
    # Another id of what is replaced is another value for whoever refers to it.
    while more := {name for name in both - replaced if _refers(new[name], replaced, after.tool)}:
        replaced |= more
    changed = {name for name in both - replaced if _differs(old[name], new[name]) or replaced & new[name].references}
    first = {name for name in replaced if created_first(old[name], new[name], after.tool)}
    return Plan(
        created=_lines(new, new.keys() - old.keys()),
        changed=_lines(new, changed),
        created_first=_lines(new, first),
        deleted_first=_lines(new, replaced - first),
        deleted=_lines(old, old.keys() - new.keys()),
        tags=_lines(new, {name for name in both - replaced - changed if _tags(old[name]) != _tags(new[name])}),
    )


def created_first(old: Resource, new: Resource, tool: str) -> bool:
    """Return whether a tool creates what replaces a resource before it deletes the old one.

    CloudFormation always does: "AWS CloudFormation creates the replacement resource first"
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html).
    Terraform does where it is told to
    (https://developer.hashicorp.com/terraform/language/meta-arguments/create_before_destroy). Pulumi does
    (https://www.pulumi.com/docs/iac/concepts/resources/options/deletebeforereplace/) but for a resource whose name is
    given and stays (https://github.com/pulumi/pulumi-terraform/pull/465), unless it is told to.
    """
    if tool == "cdk" or new.type in REVISIONS or new.options.get("lifecycle", {}).get("create_before_destroy") is True:
        return True
    name = new.properties.get(NAMES.get(new.type, ""))
    return tool == "pulumi" and (name is None or name != old.properties.get(NAMES[new.type]))


def _lines(resources: Mapping[str, Resource], names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(f"{resources[name].type} {name}" for name in names))


def _ignored(resource: Resource) -> set[str]:
    """Return the arguments whose changes the tool has been told to ignore, as it spells them."""
    return set(resource.options.get("lifecycle", {}).get("ignore_changes", ()))


def _fixed(resource: Resource, tool: str) -> Iterator[str]:
    """Yield the paths of what cannot be changed of a resource."""
    paths = (*create_only(resource.type), *ALSO_FIXED.get(resource.type, ()))
    fixed = STAYS_FIXED.get(resource.type, paths) if tool != "cdk" else paths
    yield from (path for path in paths if path in fixed and snake(path) not in _ignored(resource))


def _replaced(old: Resource, new: Resource, tool: str) -> bool:
    """Return whether a difference makes another resource of it."""
    if new.type in REVISIONS:
        return _differs(old, new)
    return any(old.at(path) != new.at(path) for path in _fixed(new, tool))


def _refers(resource: Resource, names: set[str], tool: str) -> bool:
    """Return whether what cannot be changed of a resource refers to one of these."""
    if resource.type in REVISIONS:
        return bool(names & resource.references)
    values = [str(resource.at(path)) for path in _fixed(resource, tool)]
    return any(f"${{{name}." in value for name in names for value in values)


def _differs(old: Resource, new: Resource) -> bool:
    """Return whether a value differs that the tool has not been told to ignore; how it goes about it does not count."""
    ignored = _ignored(new)
    return _values(old, ignored) != _values(new, ignored)


def _values(resource: Resource, ignored: set[str]) -> dict[str, object]:
    properties = {key: value for key, value in resource.properties.items() if snake(key) not in ignored}
    options = {key: value for key, value in resource.options.items() if key not in NO_VALUES}
    return {key: value for key, value in {**properties, **options}.items() if key not in TAGS}


def _tags(resource: Resource) -> list[object]:
    return [{**resource.properties, **resource.options}.get(key) for key in sorted(TAGS)]
