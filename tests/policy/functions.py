"""The functions that are declared, and where their code is."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lib.common import lambda_sources
from lib.declared.model import Declaration, Resource
from lib.declared.read import ROOT

VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,}")


def variables(declaration: Declaration) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Yield every function with its environment variables."""
    for function in declaration.of("AWS::Lambda::Function"):
        yield function, function.at("Environment.Variables", {})


def folder_of(declaration: Declaration, function: Resource) -> Path:
    """Return the folder of a function's code: lambda/<system>/<part>, and the part stands in the function's name.

    Raises:
        LookupError: there is no such folder.
    """
    parts = sorted((ROOT / "lambda" / declaration.system.replace("-", "_")).glob("*/handler.py"))
    name = str(function.properties["FunctionName"]).removeprefix(f"{declaration.system}-")
    for handler in parts:
        if re.match(rf"{handler.parent.name}-", name):
            return handler.parent
    raise LookupError(f"{function.name}: no folder of lambda/ holds the code of {name}.")


# Who reads an environment variable that no code of the package names: powertools and the runtime itself.
# https://docs.aws.amazon.com/powertools/python/latest/environment_variables/
LIBRARIES = frozenset({"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL", "POWERTOOLS_LOG_LEVEL"})
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
OF_LAMBDA = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_NAME"})


@dataclass(frozen=True)
class Reads:
    """The environment variables that code names: each as it stands, and those without which it ends in an error."""

    names: frozenset[str]
    needed: frozenset[str]


def modules(folder: Path) -> list[Path]:
    """Return the modules of the function in a folder: everything of its package that is our own code."""
    return lambda_sources.modules(folder.parent.name, folder.name)[0]


@lru_cache
def reads(*files: Path) -> Reads:
    """Return the variables that the code in these files reads from ``environ``."""
    names, needed = set[str](), set[str]()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value):
                names.add(node.value)
            subscript = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
            if subscript and "environ" in ast.unparse(node.value):
                needed.add(str(node.slice.value))
    return Reads(frozenset(names), frozenset(needed))
