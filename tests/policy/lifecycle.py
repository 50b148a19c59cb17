"""What becomes of a whole stack: what refuses its destruction, what stays, whose name is taken the next time."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from lib.declared.model import REFERENCE, Declaration, Resource
from tests.policy.plan import Counts, plan
from tests.policy.rules.names import NAMES

KINDS = ("refused_by", "stays", "taken")
STACK = "the stack"


def _types(resources: Iterable[Resource]) -> Counts:
    return dict(sorted(Counter(resource.type for resource in resources).items()))


def _without(counts: Mapping[str, Counts]) -> dict[str, Counts]:
    return {kind: found for kind, found in counts.items() if found}


def refused_by(declaration: Declaration) -> Counts:
    """Return what a tool refuses to delete: resources by type, and CloudFormation's stack."""
    protected = (r for r in declaration.resources if r.options.get("lifecycle", {}).get("prevent_destroy") is True)
    stacks = sum(target.protected for target in declaration.targets)
    return {**_types(protected), **({STACK: stacks} if stacks else {})}


def remaining(declaration: Declaration) -> list[Resource]:
    """Return what a destroy leaves: what is retained, and secrets for as long as they can be recovered."""
    return [r for r in declaration.resources if r.retained or r.options.get("recovery_window_in_days")]


def destroy(declaration: Declaration) -> dict[str, Counts]:
    """Return what refuses a destroy, or else what is there after it."""
    if refused := refused_by(declaration):
        return {"refused_by": refused}
    return _without({"stays": _types(remaining(declaration))})


def create_again(declaration: Declaration) -> dict[str, Counts]:
    """Return whose names are taken when the stack is created again under its suffix."""
    named = [r for r in remaining(declaration) if _fixed(r.at(NAMES.get(r.type, "")))]
    return _without({"taken": _types(named)})


def destroy_again(declaration: Declaration) -> dict[str, Counts]:
    """Return whose final snapshots would have the name of those that the first destroy has left.

    CloudFormation names a stack's snapshots itself:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    named = [r for r in declaration.resources if _fixed(r.options.get("final_snapshot_identifier"))]
    return _without({"taken": _types(named)})


def creation_fails(declaration: Declaration) -> dict[str, Counts]:
    """Return what becomes of a creation that fails at its last resource, and is tried again.

    CloudFormation rolls back: what stays, and what refuses to be deleted. Terraform and Pulumi keep what was created in
    their state, and the next try creates the rest.
    """
    if declaration.tool == "cdk":
        kept = [r for r in declaration.resources if r.options.get("DeletionPolicy") == "Retain"]
        protected = [r for r in declaration.resources if r.properties.get("DeletionProtection") is True]
        return _without({"stays": _types(kept), "refused_by": _types(protected)})
    without = last(declaration)
    before = tuple(resource for resource in declaration.resources if resource is not without)
    done = plan(Declaration(declaration.system, declaration.tool, "", declaration.region, before), declaration)
    return done.counts()


def last(declaration: Declaration) -> Resource:
    """Return the resource at the end of the longest way of references and dependencies."""
    known = {resource.name: resource for resource in declaration.resources}
    depths: dict[str, int] = {}

    def depth(name: str, way: tuple[str, ...] = ()) -> int:
        if name not in depths:
            before = (known[name].references | known[name].depends_on) & known.keys() - {name, *way}
            depths[name] = 1 + max((depth(other, (*way, name)) for other in before), default=0)
        return depths[name]

    return known[max(known, key=lambda name: (depth(name), name))]


def _fixed(name: object) -> bool:
    """Return whether a name is the same the next time: a part that another resource chooses is not."""
    return isinstance(name, str) and bool(name) and not REFERENCE.search(name)


STEPS: Mapping[str, Callable[[Declaration], dict[str, Counts]]] = {
    "destroy": destroy,
    "create again": create_again,
    "destroy again": destroy_again,
    "creation fails": creation_fails,
}
