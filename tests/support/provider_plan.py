"""What the real AWS provider would do to deployed databases: ``terraform plan`` on a state, without AWS.

The state is the provider's own plan of the earlier configuration, taken as carried out; a plan without refresh asks AWS
nothing. Only RDS's resources are planned; what they refer to beside is one constant value, before and after.
"""

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lib.declared.terraform_versions import for_provider
from tests.support import provider as terraform
from tests.support.provider import Provider

Json = dict[str, Any]
RDS = re.compile(r"aws_(db|rds)_\w+")
REFERRED = re.compile(r"(?<![\w.])(?:(?:data|ephemeral|local|var)\.[\w.-]+|aws_\w+\.[\w-]+)")
TOKEN = re.compile(r"\$\{[^{}]*\}")
ELSEWHERE = "arn:aws:iam::123456789012:role/elsewhere"  # an ARN, for arguments that take nothing else
IDENTIFIERS: Mapping[str, str] = {
    "aws_db_instance": "identifier",
    "aws_rds_cluster": "cluster_identifier",
    "aws_rds_cluster_instance": "identifier",
    "aws_rds_global_cluster": "global_cluster_identifier",
}
# What AWS chooses, and whose absence would be a difference that replaces the resource.
CHOSEN: Mapping[str, Json] = {
    "aws_rds_cluster": {"availability_zones": ["a", "b", "c"]},
    "aws_s3_bucket_lifecycle_configuration": {
        "expected_bucket_owner": "",
        "transition_default_minimum_object_size": "all_storage_classes_128K",
    },
}


class Planned(NamedTuple):
    """Actions by address, for example ``("create", "delete")`` for what is replaced that way, and errors."""

    actions: Mapping[str, tuple[str, ...]]
    changes: Mapping[str, Json]
    errors: list[str]


def databases(configuration: Mapping[str, Any]) -> Json:
    """Return a configuration of RDS's resources alone."""
    config: Json = copy.deepcopy({key: configuration[key] for key in ("provider", "resource")})
    config["resource"] = {kind: group for kind, group in config["resource"].items() if RDS.fullmatch(kind)}
    kept = {f"{kind}.{name}" for kind, group in config["resource"].items() for name in group}
    for group in config["resource"].values():
        for name, body in group.items():
            group[name] = _without_others(body, kept)
            group[name]["depends_on"] = [found for found in body.get("depends_on", []) if found in kept]
    return config


def _without_others(value: Any, kept: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without_others(inner, kept) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_others(inner, kept) for inner in value]
    if not isinstance(value, str):
        return value
    others = [token for token in TOKEN.findall(value) if not _refers_to(token, kept)]
    for token in others:
        value = ELSEWHERE if token == value else value.replace(token, "elsewhere")
    return value


def _refers_to(token: str, kept: set[str]) -> bool:
    return all(".".join(found.split(".")[:2]) in kept for found in REFERRED.findall(token))


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Json, Json]:
    """Return two configurations without the resources that are the same in both, and without references."""
    found: list[Json] = [{}, {}]
    for side, (config, other) in enumerate(((before, after), (after, before))):
        for kind, group in config["resource"].items():
            for name, body in group.items():
                if kind.startswith("aws_") and body != other["resource"].get(kind, {}).get(name):
                    alone = {key: value for key, value in body.items() if key != "depends_on"}
                    found[side].setdefault(kind, {})[name] = _without_others(alone, set())
    return found[0], found[1]


def changed(provider: Provider, before: Mapping[str, Any], after: Mapping[str, Any], folder: Path) -> Planned:
    """Return what a plan of the later configuration does to databases where the earlier one is deployed."""
    return planned(provider, databases(before), databases(after), folder)


def planned(provider: Provider, before: Json, after: Json, folder: Path) -> Planned:
    """Return what a plan of the later configuration does where the earlier one is deployed."""
    first = _shown(provider, before, folder / "before", None)
    if "errors" in first:
        raise AssertionError(first["errors"])
    state = {
        "version": 4,
        "terraform_version": provider.terraform,
        "serial": 1,
        "lineage": "deployed",
        "outputs": {},
        "resources": [_deployed(found, before) for found in first["planned_values"]["root_module"]["resources"]],
    }
    shown = _shown(provider, after, folder / "after", state)
    if "errors" in shown:
        return Planned({}, {}, shown["errors"])
    found = {item["address"]: item["change"] for item in shown["resource_changes"]}
    changes = {
        address: {
            key: change["after"][key]
            for key in change["after"] or ()  # none is left of what is deleted
            if change["actions"] == ["update"] and change["before"].get(key) != change["after"][key]
        }
        for address, change in found.items()
    }
    return Planned({address: tuple(change["actions"]) for address, change in found.items()}, changes, [])


def _deployed(planned: Mapping[str, Any], config: Mapping[str, Any]) -> Json:
    kind, name, values = planned["type"], planned["name"], dict(planned["values"])
    values |= {**CHOSEN.get(kind, {}), "id": values.get(IDENTIFIERS.get(kind, "name"), "elsewhere")}
    cluster = REFERRED.findall(config["resource"][kind][name].get("cluster_identifier", ""))
    if cluster and kind == "aws_rds_cluster_instance":
        named = config["resource"]["aws_rds_cluster"][cluster[0].split(".")[1]]
        values["cluster_identifier"] = named["cluster_identifier"]
    _, _, alias = config["resource"][kind][name].get("provider", "").partition(".")
    source = f'provider["{terraform.SOURCE}"]' + (f".{alias}" if alias else "")
    instance = {"schema_version": planned["schema_version"], "attributes": values}
    return {"mode": "managed", "type": kind, "name": name, "provider": source, "instances": [instance]}


def _shown(provider: Provider, configuration: Json, folder: Path, state: Json | None) -> Json:
    """Return a plan as JSON, or its errors."""
    config, _left_out = for_provider(configuration, provider.version)
    config = terraform.answered(config)
    config["terraform"] = terraform._required()
    folder.parent.mkdir(parents=True, exist_ok=True)
    words = ["plan", "-json", "-input=false", "-refresh=false", "-lock=false", "-out=made"]
    if state:
        path = folder.parent / "deployed.tfstate"  # beside the folder, which is new
        path.write_text(json.dumps(state), encoding="utf-8")
        words.append(f"-state={path}")
    done = terraform._terraform_in(folder, provider, config, words)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    errors = [
        terraform._line(item["diagnostic"])
        for item in messages
        if item["type"] == "diagnostic" and item["diagnostic"]["severity"] == "error"
    ]
    if errors or done.returncode:
        return {"errors": errors or [done.stderr]}
    shown = terraform._run(provider.command, ["show", "-json", "made"], folder, provider.environ)
    return dict(json.loads(shown.stdout))
