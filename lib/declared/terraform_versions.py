"""What newer AWS providers take and older ones refuse: each with the version that brought it.

Sources: the provider's CHANGELOG and issues, https://github.com/hashicorp/terraform-provider-aws. Where these do not
name the release, the version is the first that is known to have it.
"""

import copy
import re
from collections.abc import Mapping
from typing import NamedTuple

from lib.common.json_types import JsonMapping, JsonObject, JsonValue

Json = JsonObject


class Value(NamedTuple):
    """A value that a version brought, and the nearest that every version from 5.100 on takes."""

    version: str
    before: str


# Arguments by resource type and path. An older provider has no such argument.
ADDED: Mapping[str, str] = {
    # PR 47973, in review in June 2026; the acceptance tests of PR 49242 in July use it, and 6.62.0 came in August.
    "aws_api_gateway_rest_api.endpoint_access_mode": "6.62.0",
    "aws_api_gateway_rest_api.security_policy": "6.62.0",
    "aws_dynamodb_table.replica.deletion_protection_enabled": "6.9.0",  # CHANGELOG, PR 43240
}
VALUES: Mapping[tuple[str, str], Value] = {
    ("aws_lambda_function.runtime", "python3.14"): Value("6.20.0", "python3.13"),  # issue 44984
}


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers that can be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def for_provider(configuration: JsonMapping, version: str) -> tuple[Json, list[str]]:
    """Return a copy of a Terraform configuration for a provider's version, and what it leaves out, a line for each."""
    result, left_out = copy.deepcopy(dict(configuration)), set[str]()
    for kind, group in result.get("resource", {}).items():
        for body in group.values():
            _adapt(body, kind, numbers(version), left_out)
    return result, sorted(left_out)


def _adapt(node: JsonValue, path: str, version: tuple[int, ...], left_out: set[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _adapt(item, path, version, left_out)
    if not isinstance(node, dict):
        return
    for name, value in list(node.items()):
        where = f"{path}.{name}"
        newer = VALUES.get((where, value)) if isinstance(value, str) else None
        if where in ADDED and numbers(ADDED[where]) > version:
            del node[name]
            left_out.add(f"{where} (AWS provider {ADDED[where]})")
        elif newer and numbers(newer.version) > version:
            node[name] = newer.before
            left_out.add(f"{where} = {value} (AWS provider {newer.version}): {newer.before} instead")
        else:
            _adapt(value, where, version, left_out)
