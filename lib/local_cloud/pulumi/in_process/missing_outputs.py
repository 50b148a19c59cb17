"""Outputs that nobody returned: an error for whoever reads one, where Pulumi's runtime would go on with None."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

from pulumi import _types
from pulumi.resource import ProviderResource
from pulumi.runtime import rpc

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import ENTRIES

USES = (
    "await",
    "bool",
    "bytes",
    "call",
    "contains",
    "eq",
    "float",
    "format",
    "ge",
    "getitem",
    "gt",
    "hash",
    "index",
    "int",
    "iter",
    "le",
    "len",
    "lt",
    "ne",
    "repr",
    "str",
    "add",
    "radd",
    "mul",
    "rmul",
    "mod",
    "rmod",
    "sub",
    "rsub",
)


def missing(what: str) -> Any:
    """Return a value that raises a LocalCloudError at any use: as an input, in a text, in a callback."""

    def refuse(*_arguments: Any) -> NoReturn:
        raise LocalCloudError(what)

    def attribute(_self: Any, name: str) -> NoReturn:
        raise AttributeError(name) if name.startswith("__") else LocalCloudError(what)

    # Its type bears the sentence as its name, for those who only say what type they cannot take: json does.
    return type(what, (), {"__getattr__": attribute, **{f"__{use}__": refuse for use in USES}})()


@contextmanager
def strict_outputs() -> Iterator[None]:
    """Let a program read what was returned to it, or is its own input, and nothing else."""
    original = rpc.resolve_outputs

    def resolve(resource: Any, given: Any, outputs: Any, *rest: Any, **more: Any) -> None:
        resolvers, custom = rest[1], rest[2]
        if custom and not isinstance(resource, ProviderResource):
            names = _types.resource_pulumi_to_py_names(type(resource))
            returned = {names.get(name) or resource.translate_output_property(name) for name in (*given, *outputs)}
            for name in set(resolvers) - returned:
                resolvers.pop(name)(
                    missing(
                        f"{resource.pulumi_resource_type} {resource.pulumi_resource_name!r}: the program reads its "
                        f"output {name!r}, which its entry in {ENTRIES} does not return: add it there"
                    ),
                    True,
                    False,
                    None,
                    None,
                )
        original(resource, given, outputs, *rest, **more)

    with patch.object(rpc, "resolve_outputs", resolve):
        yield
