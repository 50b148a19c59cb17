"""A copy of a Terraform configuration that the emulator, and an old AWS provider, can apply.

The stack is written for AWS and for the provider that it pins. Where the old one runs, which is the only one that
the Python package index carries (2021), it takes that place; everything that this module changes for that is in the
table at its end, with its reason, and is shown by ``scripts/up``. What the old provider does not know and the table
does not name is an error of the deployment, never left out in silence: Terraform itself refuses it.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lib.common.json_types import JsonMapping, JsonObject
from lib.local_cloud.cdktf.legacy_provider.rewrites import (
    LEFT_OUT,
    OLD_RUNTIME,
    PROVIDER,
    UNREAD,
    hash_keys,
    leave_out,
    leave_prefix_lists_out,
    ownership,
    plain_bucket,
    plain_rule,
    queue_address,
)

Config = JsonObject
Resource = JsonObject
PASSWORD = "database_password"  # noqa: S105 - a variable's name
# By the old provider's names: what the stack uses, and what tells the provider which account it works in.
SERVICES = (
    "acm",
    "apigateway",
    "cloudwatch",
    "cloudwatchevents",
    "cloudwatchlogs",
    "dynamodb",
    "ec2",
    "iam",
    "kms",
    "lambda",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "sts",
)
PEERING_OPTIONS = "aws_vpc_peering_connection_options"
_EPHEMERAL = re.compile(r"jsondecode\(ephemeral\.[\w.-]+\)\[\"password\"\]|ephemeral\.[\w.-]+")
_WRITE_ONLY, _VERSION = "_wo", "_wo_version"


@dataclass(frozen=True)
class Target:
    """What a copy is made for: where the emulator answers, and where the state lies."""

    url: str
    state: str


Change = Callable[[Config, Target], list[str]]


def resources(config: Config, kind: str) -> dict[str, Resource]:
    """Return the resources of a kind, by name."""
    return dict(config.get("resource", {}).get(kind, {}))


def _state(config: Config, target: Target) -> list[str]:
    config.setdefault("terraform", {})["backend"] = {"local": {"path": target.state}}
    return ["terraform"]


def _provider(config: Config, _target: Target) -> list[str]:
    required = config["terraform"]["required_providers"]
    for name in required:
        required[name]["version"] = PROVIDER
    return sorted(required)


def _endpoints(config: Config, target: Target) -> list[str]:
    providers = config["provider"]["aws"]
    for provider in providers:
        provider |= {
            "endpoints": [dict.fromkeys(SERVICES, target.url)],
            "s3_force_path_style": True,
            "skip_metadata_api_check": True,
            "skip_region_validation": True,
        }
    return [f"aws.{provider['alias']}" for provider in providers]


def _password(config: Config, _target: Target) -> list[str]:
    changed = []
    config.pop("ephemeral", None)
    for kind, name, resource in _each(config):
        for key in [key for key in resource if key.endswith(_WRITE_ONLY)]:
            value = _EPHEMERAL.sub(f"var.{PASSWORD}", resource.pop(key))
            resource[key.removesuffix(_WRITE_ONLY)] = value
            resource.pop(f"{key}_version", None)
            changed.append(f"{kind}.{name}")
    if changed:
        config["variable"] = {PASSWORD: {"type": "string", "sensitive": True}}
    return changed


def _each(config: Config) -> Iterator[tuple[str, str, Resource]]:
    for kind, named in config.get("resource", {}).items():
        for name, resource in named.items():
            yield kind, name, resource


def _runtime(config: Config, _target: Target) -> list[str]:
    functions = resources(config, "aws_lambda_function")
    for function in functions.values():
        function["runtime"] = OLD_RUNTIME
    return list(functions)


def _drop(kind: str, path: str) -> Change:
    def change(config: Config, _target: Target) -> list[str]:
        return [name for name, resource in resources(config, kind).items() if leave_out(resource, path.split("."))]

    return change


def _ignore(kind: str, arguments: tuple[str, ...]) -> Change:
    def change(config: Config, _target: Target) -> list[str]:
        bodies = resources(config, kind)
        for resource in bodies.values():
            ignored = resource.setdefault("lifecycle", {}).setdefault("ignore_changes", [])
            ignored += [argument for argument in arguments if argument not in ignored]
        return list(bodies)

    return change


def _translate(change: Callable[[Config], list[str]]) -> Change:
    return lambda config, _target: change(config)


def _without(kind: str) -> Change:
    def change(config: Config, _target: Target) -> list[str]:
        return list(config["resource"].pop(kind, {}))

    return change


def _global_clusters(config: Config, _target: Target) -> list[str]:
    changed = []
    for name, policy in resources(config, "aws_iam_role_policy").items():
        document = json.loads(policy["policy"])
        mine = [entry for entry in document["Statement"] if entry["Action"] == ["rds:DescribeGlobalClusters"]]
        for statement in mine:
            statement["Resource"] = ["*"]
            changed.append(name)
        policy["policy"] = json.dumps(document)
    return changed


def _nested_paths(config: Config, _target: Target) -> list[str]:
    changed = []
    for name, limits in resources(config, "aws_api_gateway_method_settings").items():
        plain = limits["method_path"].removeprefix("~1").replace("~1", "/")
        if plain != limits["method_path"]:
            limits["method_path"] = plain
            changed.append(name)
    return changed


# What is changed, and why, whichever provider is used.
ALWAYS: tuple[tuple[str, str, Change], ...] = (
    ("state in the local cloud's folder", "it ends with the resources that it describes", _state),
    (f"{PEERING_OPTIONS} left out", "unknown to the emulator", _without(PEERING_OPTIONS)),
    ("rds:DescribeGlobalClusters of everything", "the emulator's IAM has no name for one of them", _global_clusters),
    (
        "method_path with slashes",
        "the emulator keeps a nested path decoded, AWS and the provider encoded",
        _nested_paths,
    ),
    ("rules with a prefix list left out", "the emulator does not keep the list", _translate(leave_prefix_lists_out)),
)
# What is changed for the old provider. The order matters: the address of what has moved is changed once.
STEPS: tuple[tuple[str, str, Change], ...] = (
    (f"AWS provider {PROVIDER}", "the pinned one is in no Python package", _provider),
    ("endpoints in the provider's block", "this provider does not read AWS_ENDPOINT_URL", _endpoints),
    (
        "password generated here, and kept in the state",
        "this provider has no ephemeral resources and no write-only arguments",
        _password,
    ),
    (f"runtime {OLD_RUNTIME}", "the newest that this provider knows; the emulator runs its own Python", _runtime),
    (
        "the key of the hashes is looked up",
        "this provider knows neither keys of this kind nor keys that two regions have: it is made before",
        _translate(hash_keys),
    ),
    *((f"{kind}.{path} left out", why, _drop(kind, path)) for kind, path, why in LEFT_OUT),
    (
        "rules of security groups as aws_security_group_rule",
        "this provider has no rule with tags of its own",
        _translate(plain_rule),
    ),
    (
        "versioning, encryption and lifecycle in the bucket's own block",
        "this provider has no resources for them",
        _translate(plain_bucket),
    ),
    ("objects of buckets owned by BucketOwnerPreferred", "BucketOwnerEnforced is younger", _translate(ownership)),
    *((f"{kind}: {', '.join(names)} not compared", why, _ignore(kind, names)) for kind, names, why in UNREAD),
    ("address of a queue by its id", "this provider calls it so", _translate(queue_address)),
)


def step_down(config: JsonMapping, target: Target, *, old: bool) -> tuple[Config, list[tuple[str, str, list[str]]]]:
    """Return the copy to apply, and what was changed: what, why, and the names in the configuration.

    Args:
        config: as it was synthesised.
        target: what the copy is for.
        old: whether the old provider is to take it.
    """
    result: Config = copy.deepcopy(dict(config))
    changes = [(what, why, change(result, target)) for what, why, change in (*ALWAYS, *(STEPS if old else ()))]
    return result, [(what, why, sorted(names)) for what, why, names in changes if names]
