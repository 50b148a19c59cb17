"""Names: route53 types of pulumi-aws in terms of the AWS API."""

import secrets

from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.pulumi.in_process.clients import Maker
from lib.local_cloud.pulumi.in_process.resource_type import Inputs, ResourceOperation, ResourceType


def _record(operation: ResourceOperation) -> JsonValue:
    """Write a record set."""
    inputs = operation.inputs
    record: JsonObject = {"Name": inputs["name"], "Type": inputs["type"]}
    if "aliases" in inputs:
        (alias,) = inputs["aliases"]
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"]),
        }
    else:
        record |= {"TTL": inputs["ttl"], "ResourceRecords": [{"Value": value} for value in inputs["records"]]}
    for name, key in (("setIdentifier", "SetIdentifier"), ("healthCheckId", "HealthCheckId")):
        if name in inputs:
            record[key] = inputs[name]
    if "failoverRoutingPolicies" in inputs:
        record["Failover"] = inputs["failoverRoutingPolicies"][0]["type"]
    if "weightedRoutingPolicies" in inputs:
        record["Weight"] = inputs["weightedRoutingPolicies"][0]["weight"]
    _change(operation.client, inputs["zoneId"], "UPSERT" if inputs.get("allowOverwrite") else "CREATE", record)
    return {}


def _delete_record(client: Maker, handle: Inputs) -> None:
    """Delete a record set: the API wants to be told all of it."""
    route53, zone = client("route53"), handle["_zone"]
    for page in route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone):
        for record in page["ResourceRecordSets"]:
            same_name = record["Name"].rstrip(".") == handle["_name"].rstrip(".")
            if same_name and (record["Type"], record.get("SetIdentifier", "")) == (handle["_type"], handle["_set"]):
                _change(route53, zone, "DELETE", record)


def _change(client: JsonValue, zone: str, action: str, record: Inputs) -> None:
    changes = [{"Action": action, "ResourceRecordSet": record}]
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def _zone(operation: ResourceOperation) -> JsonValue:
    rest = {"HostedZoneConfig": {"Comment": operation.inputs["comment"]}} if "comment" in operation.inputs else {}
    answer = operation.call(
        "create_hosted_zone", Name=operation.inputs["name"], CallerReference=secrets.token_hex(8), **rest
    )
    return {**answer, "ZoneId": answer["HostedZone"]["Id"].removeprefix("/hostedzone/")}


def _tag_zone(operation: ResourceOperation) -> None:
    pairs = [{"Key": key, "Value": value} for key, value in operation.tags.items()]
    operation.call("change_tags_for_resource", ResourceType="hostedzone", ResourceId=operation.id, AddTags=pairs)


def _empty_zone(client: Maker, handle: Inputs) -> None:
    if not handle.get("_force"):
        return
    for page in client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=handle["Id"]):
        for record in page["ResourceRecordSets"]:
            if record["Type"] not in ("NS", "SOA"):
                _change(client("route53"), handle["Id"], "DELETE", record)


RESOURCE_TYPES = {
    "aws:route53/zone:Zone": ResourceType(
        "route53",
        _zone,
        key="ZoneId",
        uses=("name", "comment"),
        tag=_tag_zone,
        at_deletion=("forceDestroy",),
        delete="delete_hosted_zone",
        by={"Id": "id", "_force": "forceDestroy"},
        undo=_empty_zone,
        outputs={
            "zoneId": "id",
            "arn": "arn:{partition}:route53:::hostedzone/{id}",
            "nameServers": "DelegationSet.NameServers",
        },
    ),
    "aws:route53/record:Record": ResourceType(
        "route53",
        _record,
        key="{zoneId}_{name}_{type}",
        uses=(
            "zoneId",
            "name",
            "type",
            "aliases",
            "ttl",
            "records",
            "setIdentifier",
            "healthCheckId",
            "allowOverwrite",
            "failoverRoutingPolicies",
            "weightedRoutingPolicies",
        ),
        by={
            "_zone": "zoneId",
            "_name": "name",
            "_type": "type",
            "_set": lambda operation: operation.inputs.get("setIdentifier", ""),
        },
        undo=_delete_record,
        outputs={"fqdn": "name"},
    ),
}
