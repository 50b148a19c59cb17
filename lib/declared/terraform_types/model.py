"""How a resource type of Terraform's AWS provider is told in CloudFormation's vocabulary."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.declared.model import DeclarationError

Json = JsonObject


@dataclass(frozen=True)
class Owner:
    """The resource that this one is a part of.

    Args:
        type: the owner's Terraform type.
        links: arguments of the part, each with the owner's argument or attribute of the same value.
    """

    type: str
    links: Mapping[str, str]


@dataclass(frozen=True)
class Split:
    """A second resource of CloudFormation's that Terraform has as an argument: which, and how the two are tied."""

    type: str
    moved: Mapping[str, str]  # arguments that are the second one's, with its properties' names
    back: str  # the second one's property that refers to the first


@dataclass(frozen=True)
class ResourceType:
    """One type; what is not named here has the same name in both vocabularies, but for underscores and case.

    Args:
        type: CloudFormation's type; of a part, its owner's.
        names: arguments that CloudFormation calls otherwise, by their path without indexes (``rule.expiration``), with
            the path relative to the block that they stand in; "" takes a block's arguments into the block around it.
        options: arguments that are Terraform's own, with no counterpart, by their path: they go to Resource.options.
        attributes: attributes that others refer to, where they are called otherwise.
        prepare: rewrites the arguments first, where structures differ.
        under: the property that has all the others, but for those with a name here.
        tagged: the provider adds its default tags.
    """

    type: str
    names: Mapping[str, str] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Json, "Context"], Json] | None = None
    owner: Owner | None = None
    split: Split | None = None
    under: str = ""
    tagged: bool = True


@dataclass(frozen=True)
class Context:
    """What a resource's arguments are rewritten with: its label, its region, and ephemeral resources' arguments."""

    label: str
    region: str
    ephemeral: Mapping[str, JsonMapping]


def block(value: JsonValue) -> Json:
    """Return the arguments of a block that stands alone or as the one element of a list.

    Raises:
        DeclarationError: it is repeated, or no block at all.
    """
    content = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(content, dict):
        raise DeclarationError(f"one block was expected, not {value!r}.")
    return dict(content)


def blocks(value: JsonValue) -> list[Json]:
    """Return blocks that can be repeated, also where one stands alone."""
    return [block(item) for item in (value if isinstance(value, list) else [value])]


def no_counterpart(terraform_type: str) -> ResourceType:
    """Return how a type is told that CloudFormation does not have."""
    return ResourceType(f"Terraform::{terraform_type}")
