"""From a system's name and settings to what it declares.

source(system, environ)     runs the system's tool and returns its own document
view(source)                returns that document in CloudFormation's vocabulary; it runs nothing
"""

import importlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tap
from lib.common import node, region
from lib.common.json_types import JsonMapping, JsonObject
from lib.declared.cloudformation import Template
from lib.declared.model import Declaration, DeclarationError, Resource, Target
from lib.declared.terraform import Configuration

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {name: system.iac_tool for name, system in tap.SYSTEMS.items()}
SYSTEMS = tuple(sorted(TOOLS))
# In a template's metadata: the stack, as the assembly has it.
STACK = "tap:stack"
View = tuple[tuple[Resource, ...], tuple[Target, ...]]


@dataclass(frozen=True)
class Source:
    """What a tool writes about a system: a CloudFormation template, Terraform JSON, or Pulumi's registrations."""

    system: str
    tool: str
    environ: Mapping[str, str]
    document: JsonObject


def source(system: str, environ: Mapping[str, str]) -> Source:
    """Return what a system declares with these settings, in its tool's own form.

    Args:
        system: one of :data:`SYSTEMS`.
        environ: the settings, by their environment variables' names.

    Raises:
        SettingError: a setting that the system refuses.
        DeclarationError: the system is not known.
    """
    if system not in SYSTEMS:
        raise DeclarationError(f"{system!r} is not a system of this checkout: use one of {', '.join(SYSTEMS)}.")
    tool = TOOLS[system]
    return Source(system, tool, dict(environ), _RUN[tool](system, environ))


def view(loaded: Source) -> Declaration:
    """Return a source in CloudFormation's vocabulary.

    Raises:
        DeclarationError: something in the source has no place in the view.
    """
    settings = importlib.import_module(f"lib.{loaded.system.replace('-', '_')}.settings").Settings.read(loaded.environ)
    where = region.primary(loaded.environ)
    resources, targets = _VIEW[loaded.tool](loaded.document, where)
    return Declaration(loaded.system, loaded.tool, settings.environment, where, resources, targets)


def _run_cdk(system: str, environ: Mapping[str, str]) -> JsonObject:
    os.environ.update(node.environment())
    cdk = importlib.import_module("aws_cdk")
    # Only the CDK's command line reads cdk.json's context.
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    with tempfile.TemporaryDirectory(prefix="tap-declared-") as out:
        app = cdk.App(context=context, outdir=out)
        stack = tap.load(system).build(app, environ)
        app.synth()
        template = _document(Path(out) / f"{stack.artifact_id}.template.json")
        artifact = _document(Path(out) / "manifest.json")["artifacts"][stack.artifact_id]
        # What the template does not say of its stack, where a template may say anything.
        template["Metadata"] = {**template.get("Metadata", {}), STACK: _stack(stack.artifact_id, artifact)}
        return template


def _stack(name: str, artifact: JsonMapping) -> JsonObject:
    """Return what the assembly says of a stack; its environment is ``aws://ACCOUNT/REGION``."""
    account, _, where = artifact["environment"].removeprefix("aws://").partition("/")
    return {
        "name": name,
        "region": where,
        "accounts": [account] if account.isdigit() else [],
        "protected": artifact["properties"].get("terminationProtection", False),
    }


def _run_cdktf(system: str, environ: Mapping[str, str]) -> JsonObject:
    os.environ.update(node.environment())
    program = tap.load(system)  # before Node starts: it may say how
    cdktf = importlib.import_module("cdktf")
    with tempfile.TemporaryDirectory(prefix="tap-declared-") as out:
        app = cdktf.App(outdir=out)
        stack = program.build(app, environ)
        app.synth()
        return _document(Path(out) / "stacks" / stack.node.id / "cdk.tf.json")


def _run_pulumi(system: str, environ: Mapping[str, str]) -> JsonObject:
    program = importlib.import_module("lib.declared.pulumi_program")
    return dict(program.record(system, environ))


def _document(path: Path) -> JsonObject:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _view_cdk(document: JsonMapping, where: str) -> View:
    stack = document["Metadata"][STACK]
    target = Target(stack["name"], stack["region"], tuple(stack["accounts"]), stack["protected"])
    return Template(document, where).view(), (target,)


def _view_cdktf(document: JsonMapping, _where: str) -> View:
    configuration = Configuration(document)
    return configuration.view(), configuration.targets()


def _view_pulumi(document: JsonMapping, where: str) -> View:
    bridge = importlib.import_module("lib.declared.pulumi_terraform")
    return _view_cdktf(bridge.configuration(document), where)


_RUN: Mapping[str, Callable[[str, Mapping[str, str]], JsonObject]] = {
    "cdk": _run_cdk,
    "cdktf": _run_cdktf,
    "pulumi": _run_pulumi,
}
_VIEW: Mapping[str, Callable[[JsonMapping, str], View]] = {
    "cdk": _view_cdk,
    "cdktf": _view_cdktf,
    "pulumi": _view_pulumi,
}
