"""Synthesises the disaster-recovery stack once per setting and test session, and finds things in what came out."""

import atexit
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lib.common import node

ROLES = ("primary", "secondary")
REFERENCE = re.compile(r"\b((?:data\.|ephemeral\.)?aws_[a-z0-9_]+\.[A-Za-z0-9_-]+)")


@dataclass(frozen=True)
class Resource:
    """One resource of the synthesised configuration; ``path`` is its place in the construct tree."""

    kind: str
    name: str
    path: str
    values: dict[str, Any]

    @property
    def address(self) -> str:
        """How others refer to it."""
        return f"{self.kind}.{self.name}"

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


@dataclass(frozen=True)
class Configuration:
    """What was synthesised, as Terraform reads it."""

    json: dict[str, Any]

    @property
    def resources(self) -> list[Resource]:
        """Every resource, without what is only looked up."""
        return [
            Resource(kind, name, values["//"]["metadata"]["path"].partition("/")[2], values)
            for kind, named in self.json["resource"].items()
            for name, values in named.items()
        ]

    def of(self, kind: str, role: str = "") -> list[Resource]:
        """Return the resources of a kind, in one region or in all."""
        wanted = f"aws.{role}" if role else ""
        return [r for r in self.resources if r.kind == kind and (not role or r["provider"] == wanted)]

    def one(self, kind: str, role: str = "", part: str = "") -> Resource:
        """Return the one resource of a kind in a region, whose place in the construct tree ends so."""
        (found,) = [r for r in self.of(kind, role) if r.path.endswith(part)]
        return found

    def alias(self, role: str) -> dict[str, Any]:
        """Return a provider's arguments."""
        (found,) = [p for p in self.json["provider"]["aws"] if p["alias"] == role]
        return dict(found)

    def statements(self) -> Iterator[tuple[Resource, dict[str, Any]]]:
        """Yield every IAM statement, wherever it stands, with the resource that holds it."""
        for resource in self.resources:
            for key in ("policy", "assume_role_policy"):
                if isinstance(resource.values.get(key), str):
                    for statement in json.loads(resource[key])["Statement"]:
                        yield resource, statement


def make_app(folder: Path) -> Any:
    """Return an app that is synthesised into a folder; the stack was imported before, and says how Node starts."""
    from cdktf import App

    return App(outdir=str(folder))


def synthesise(environ: dict[str, str]) -> Path:
    """Return the file that was synthesised for an environment."""
    os.environ.update(node.environment())
    from lib.disaster_recovery import stack

    folder = Path(tempfile.mkdtemp(prefix="tap-synthesis-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    app = make_app(folder)
    built = stack.build(app, environ)
    app.synth()
    return folder / "stacks" / built.node.id / "cdk.tf.json"


def read(path: Path) -> Configuration:
    """Return what a file says."""
    return Configuration(json.loads(path.read_text(encoding="utf-8")))


@lru_cache
def configuration(**environ: str) -> Configuration:
    """Return what is synthesised for an environment; the same one for the same environment."""
    return read(synthesise(environ))


def production() -> Configuration:
    """Return the largest stack: production, with a domain, its records, and an address for alarms."""
    return configuration(**with_domain(ENVIRONMENT="production", ENVIRONMENT_SUFFIX="pr-7"))


def with_domain(**environ: str) -> dict[str, str]:
    """Return an environment with a domain, and a certificate in each region."""
    from lib.common import region

    names = dict(zip(("CERTIFICATE_ARN", "CERTIFICATE_ARN_DR"), region.pair(environ), strict=True))
    certificates = {
        name: f"arn:{region.partition(where)}:acm:{where}:123456789012:certificate/{'0' * 8}-0000-0000-0000-{'0' * 12}"
        for name, where in names.items()
    }
    rest = {"DOMAIN_NAME": "pay.example.org", "HOSTED_ZONE_ID": "Z0123456789", "ALARM_EMAIL": "team@example.com"}
    return {**environ, **certificates, **rest}


def references(value: Any) -> set[str]:
    """Return the addresses that a value refers to."""
    text = json.dumps(value)
    return {found for found in REFERENCE.findall(text) if "." in found.removeprefix("data.").removeprefix("ephemeral.")}
