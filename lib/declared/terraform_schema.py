"""What arguments and attributes a Terraform resource type of the AWS provider has, read from CDKTF's bindings.

The bindings are generated from the provider's schema (``VERSION``), and have a class for each type and each nested
block. Their source is parsed and not imported: importing the package takes most of a minute, and needs Node.
"""

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from lib.declared.model import DeclarationError

PACKAGE = "cdktf_cdktf_provider_aws"
VERSION = "6.25.0"  # of the AWS provider that the bindings were generated from
# Arguments of every class that are Terraform's own and not the provider's.
META = frozenset({"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"})
SCALARS = {"str": "string", "bool": "bool", "Number": "number", "Any": "any"}
LISTS = {"Sequence": "list", "Mapping": "map"}
# Terraform's own types beside the provider's: references that are resolved later, and a class's fields as a dict.
OTHER = ("IResolvable", "Dict")


@dataclass(frozen=True)
class Shape:
    """An argument's type: string, bool, number, any; list or map (of ``item``); block (of ``fields``' name)."""

    kind: str
    item: "Shape | None" = None
    block: str = ""


Fields = Mapping[str, Shape]


@dataclass(frozen=True)
class Schema:
    """A resource type.

    ``arguments``: what can be given. ``blocks``: the arguments of each nested block, by the block's class.
    ``attributes``: what can be referred to.
    """

    type: str
    arguments: Fields
    blocks: Mapping[str, Fields]
    attributes: frozenset[str]


@lru_cache
def _folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DeclarationError(f"{PACKAGE} is not installed, so no Terraform type is known: run scripts/test.")
    return Path(spec.submodule_search_locations[0])


def exists(kind: str) -> bool:
    """Tell whether there is a resource type, such as ``aws_vpc``."""
    return (_folder() / kind.removeprefix("aws_") / "__init__.py").is_file()


@cache
def schema(kind: str) -> Schema:
    """Return the schema of a resource type; ``provider`` is the provider's own configuration.

    Raises:
        DeclarationError: the provider has no such type, or the bindings are not installed.
    """
    if not exists(kind):
        raise DeclarationError(f"{kind} is not a resource type of AWS provider {VERSION}: check its name.")
    source = (_folder() / kind.removeprefix("aws_") / "__init__.py").read_text(encoding="utf-8")
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    (declared,) = (node for node in classes.values() if _bases(node) & {"TerraformResource", "TerraformProvider"})
    structs = {name: dict(_arguments(node)) for name, node in classes.items() if _is_struct(node)}
    return Schema(kind, dict(_arguments(declared)), structs, frozenset(_attributes(declared)))


def _bases(node: ast.ClassDef) -> set[str]:
    return {base.attr for base in node.bases if isinstance(base, ast.Attribute)}


def _is_struct(node: ast.ClassDef) -> bool:
    calls = [decorator.func for decorator in node.decorator_list if isinstance(decorator, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr == "data_type" for call in calls)


def _arguments(node: ast.ClassDef) -> Iterator[tuple[str, Shape]]:
    """Yield the keyword arguments of a class; one that is a word of Python's has an underscore there."""
    for function in node.body:
        if isinstance(function, ast.FunctionDef) and function.name == "__init__":
            for argument in function.args.kwonlyargs:
                if argument.arg not in META and argument.annotation:
                    yield argument.arg.rstrip("_"), shape(argument.annotation)


def _attributes(node: ast.ClassDef) -> Iterator[str]:
    """Yield the properties of a class that are attributes of the resource; ``*_input`` is what was given to one."""
    for function in node.body:
        if not isinstance(function, ast.FunctionDef) or function.name.endswith("_input"):
            continue
        if "property" in map(_name, function.decorator_list):
            yield function.name.rstrip("_")


def _name(node: ast.expr) -> str:
    """Return the last word of ``typing.Dict[...]`` or ``cdktf.IResolvable``."""
    node = node.value if isinstance(node, ast.Subscript) else node
    return node.attr if isinstance(node, ast.Attribute) else ""


def shape(node: ast.expr) -> Shape:
    """Return what an annotation of the bindings says.

    Raises:
        DeclarationError: it is written in a way that is not known.
    """
    match node:
        case ast.Attribute(attr=name) if name in SCALARS:
            return Shape(SCALARS[name])
        case ast.Constant(value=str() as name) | ast.Name(id=name):
            return Shape("block", block=name)
        case ast.Subscript(value=ast.Attribute(attr="Optional"), slice=inner):
            return shape(inner)
        case ast.Subscript(value=ast.Attribute(attr="Union"), slice=ast.Tuple(elts=members)):
            return shape(next(member for member in members if _name(member) not in OTHER))
        case ast.Subscript(value=ast.Attribute(attr=name), slice=inner) if name in LISTS:
            item = inner.elts[-1] if isinstance(inner, ast.Tuple) else inner
            return Shape(LISTS[name], shape(item))
    raise DeclarationError(f"{PACKAGE} has the annotation {ast.unparse(node)}: teach {__name__} to read it.")
