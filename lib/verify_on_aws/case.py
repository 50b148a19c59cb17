"""What is verified: a system in dev under a suffix that no other stack has, and what is changed once."""

import importlib
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import tap
from lib.common import naming
from lib.common.errors import SettingError
from lib.common.system_settings import SystemSettings
from lib.leftovers.cli import places

SYSTEMS = Path(__file__).parent / "systems"
ENVIRONMENT = "dev"
# Suffixes of this command's own: nothing that somebody else has deployed can be destroyed by it.
PREFIX = "verify-"
SUFFIX = re.compile(rf"{PREFIX}[a-z0-9]{{1,12}}")
# What would leave data behind, or refuse to go.
KEEPING = ("retain_data", "deletion_protection")


@dataclass(frozen=True)
class Image:
    """An image that a system's service runs.

    Attributes:
        output: the stack's output with the repository's address.
        variable: the setting that takes the image's tag.
        dockerfile: what it is built from, in the checkout.
        context: the folder that is built.
        platform: what it is built for.
    """

    output: str
    variable: str
    dockerfile: str
    context: str
    platform: str


@dataclass(frozen=True)
class Case:
    """One system under one suffix.

    Attributes:
        system: which.
        suffix: the end of every name.
        stack: the stack's name.
        regions: where the system is, and where its global figures are.
        environ: the environment of every program that is run.
        change: variables that the change sets, and their values.
        image: what the service runs, where there is one.
        empty_buckets: whether the tool leaves buckets that hold anything.
    """

    system: str
    suffix: str
    stack: str
    regions: tuple[str, ...]
    environ: Mapping[str, str]
    change: Mapping[str, str]
    image: Image | None
    empty_buckets: bool

    @property
    def iac_tool(self) -> str:
        """What deploys it."""
        return tap.SYSTEMS[self.system].iac_tool

    @property
    def tests(self) -> str:
        """The folder of its integration tests."""
        return f"tests/integration/{self.system.replace('-', '_')}"


def fresh_suffix() -> str:
    """Return a suffix that no run had before."""
    return f"{PREFIX}{secrets.token_hex(3)}"


def settings_of(system: str) -> type[SystemSettings]:
    """Return the class of a system's settings."""
    module = importlib.import_module(f"lib.{system.replace('-', '_')}.settings")
    return cast(type[SystemSettings], module.Settings)


def read(system: str, suffix: str, environ: Mapping[str, str]) -> Case:
    """Return what is verified.

    Args:
        system: one of :data:`tap.SYSTEMS`.
        suffix: the end of every name.
        environ: the process's environment.

    Raises:
        SettingError: another environment than dev, a suffix that is not this command's, settings that keep data, or
            no word on what is changed.
    """
    asked = environ.get("ENVIRONMENT") or ENVIRONMENT
    if asked != ENVIRONMENT:
        raise SettingError(
            f"ENVIRONMENT={asked!r} is refused, as what is verified is destroyed: unset it, {ENVIRONMENT} is verified."
        )
    if not SUFFIX.fullmatch(suffix):
        raise SettingError(
            f"The suffix {suffix!r} is refused, so that no other stack is destroyed: use {PREFIX} and 1 to 12 "
            "lower-case letters or digits."
        )
    path = SYSTEMS / f"{system}.toml"
    if not path.exists():
        raise SettingError(
            f"{path.name} is missing in lib/verify_on_aws/systems: write there what is changed, in [change]."
        )
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    own = {"ENVIRONMENT": ENVIRONMENT, naming.SUFFIX: suffix, tap.SYSTEM: system}
    whole = {**environ, **own}
    settings = settings_of(system).read(whole)
    kept = [name.upper() for name in KEEPING if settings.values.get(name)]
    if kept:
        raise SettingError(f"{' and '.join(kept)} would keep what is to be destroyed: unset it.")
    return Case(
        system,
        suffix,
        settings.name("stack"),
        tuple(places(system, whole)),
        whole,
        content["change"],
        Image(**content["image"]) if "image" in content else None,
        content.get("empty_buckets", False),
    )
