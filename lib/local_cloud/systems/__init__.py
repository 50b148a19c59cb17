"""The systems that the local cloud can run: how each is deployed, exercised and destroyed."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.local_cloud.cloud import LocalCloud

Report = Callable[[str], None]
Row = tuple[str, str]


@dataclass(frozen=True)
class Deployed:
    """What a deployment did: whether it changed anything, what is there by service, what was stepped down."""

    changed: bool
    resources: Mapping[str, Mapping[str, int]]
    step_down: list[tuple[str, str, list[str]]]
    way: str = ""  # how it was deployed, where there is more than one way


@dataclass(frozen=True)
class System:
    """One system's way through the local cloud."""

    name: str
    engine: str
    deploy: Callable[[LocalCloud, Report], Deployed]
    exercise: Callable[[LocalCloud, Report], list[Row]]
    destroy: Callable[[LocalCloud, Report], None]
    minutes: int = 0  # how long it takes here: the quick ones come first


def load() -> dict[str, System]:
    """Return every system of this checkout that the local cloud can run, by name; the quick ones first."""
    modules = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    found = [importlib.import_module(f"{__name__}.{module}").SYSTEM for module in modules]
    return {system.name: system for system in sorted(found, key=lambda system: (system.minutes, system.name))}
