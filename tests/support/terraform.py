"""Terraform configurations of a few resources, and their view."""

from collections.abc import Mapping
from typing import Any

from lib.common import region
from lib.declared.model import Declaration
from lib.declared.terraform import Configuration

HOME, OTHER = region.pair({})
PROVIDERS = [
    {"region": HOME, "default_tags": [{"tags": {"System": "s"}}]},
    {"region": OTHER, "alias": "other"},
]


def configuration(resources: Mapping[str, Mapping[str, Any]], **others: Any) -> dict[str, Any]:
    """Return Terraform JSON of resources by their address, each with the path that CDKTF gives it."""
    found: dict[str, Any] = {"provider": {"aws": PROVIDERS}, "resource": {}, **others}
    for address, arguments in resources.items():
        kind, _, label = address.partition(".")
        metadata = {"metadata": {"path": f"stack/{label}", "uniqueId": label}}
        found["resource"].setdefault(kind, {})[label] = {"//": metadata, **arguments}
    return found


def declared(resources: Mapping[str, Mapping[str, Any]], **others: Any) -> Declaration:
    """Return the view of some resources."""
    return Declaration("s", "cdktf", "dev", HOME, Configuration(configuration(resources, **others)).view())


def properties(resources: Mapping[str, Mapping[str, Any]], **others: Any) -> Mapping[str, Any]:
    """Return the properties of the first resource of the view, without the provider's tags."""
    return {
        name: value for name, value in declared(resources, **others).resources[0].properties.items() if name != "Tags"
    }
