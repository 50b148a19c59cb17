"""Synthesises the CDK system once per setting and test session."""

import atexit
import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from lib.common import node

ROOT = Path(__file__).resolve().parent.parent.parent


def context() -> dict[str, Any]:
    """Return cdk.json's context: an App in a test does not read it by itself."""
    return dict(json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"])


def synthesise(environ: dict[str, str], *plugins: Any) -> tuple[dict[str, Any], Path]:
    """Return the template for an environment, and the folder of its assembly."""
    os.environ.update(node.environment())
    import aws_cdk as cdk

    from lib.kinesis_pipeline import stack

    folder = Path(tempfile.mkdtemp(prefix="tap-synthesis-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    app = cdk.App(context=context(), outdir=str(folder))
    for plugin in plugins:
        cdk.Validations.of(app).add_plugins(plugin(app))
    built = stack.build(app, environ)
    app.synth()
    text = (folder / f"{built.artifact_id}.template.json").read_text(encoding="utf-8")
    return json.loads(text), folder


@lru_cache
def template(**environ: str) -> dict[str, Any]:
    """Return the template for an environment; the same one for the same environment."""
    return synthesise(environ)[0]


def of_type(found: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return a template's resources of a type, by logical id."""
    return {name: resource for name, resource in found["Resources"].items() if resource["Type"] == kind}


def only(found: dict[str, Any], kind: str) -> tuple[str, dict[str, Any]]:
    """Return logical id and properties of the one resource of a type."""
    ((name, resource),) = of_type(found, kind).items()
    return name, resource["Properties"]


def named(found: dict[str, Any], kind: str, key: str, value: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type whose property has a value."""
    (properties,) = [r["Properties"] for r in of_type(found, kind).values() if r["Properties"].get(key) == value]
    return dict(properties)
