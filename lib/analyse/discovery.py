"""Finds checks and collectors: every file of their folders is one. Adding a check is adding a file."""

import pkgutil
from importlib import import_module
from typing import Any

from lib.analyse import checks as checks_package
from lib.analyse import collectors as collectors_package
from lib.analyse.model import Check, Collector


def _members(package: Any, name: str) -> list[Any]:
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [getattr(import_module(f"{package.__name__}.{module}"), name) for module in names]


def checks() -> list[Check]:
    """Return every check, in the order of its file's name."""
    return _members(checks_package, "CHECK")


def collectors() -> dict[str, Collector]:
    """Return every collector by name."""
    return {collector.name: collector for collector in _members(collectors_package, "COLLECTOR")}
