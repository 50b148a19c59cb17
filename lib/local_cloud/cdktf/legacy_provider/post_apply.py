"""What the old AWS provider cannot say, said to the emulator through the API once everything is there.

On AWS the pinned provider does all of it; a second run changes nothing.
"""

from lib.common.json_types import JsonObject
from lib.disaster_recovery.settings import Settings
from lib.local_cloud.cloud import LocalCloud

Step = tuple[str, str, list[str]]


def complete(cloud: LocalCloud, settings: Settings) -> list[Step]:
    """Complete what was deployed; return what was done: what, why, names."""
    return [
        ("recovery of the replica through the API", "the old provider cannot", _recovery(cloud, settings)),
        ("secret replicated through the API", "the old provider cannot", _secret(cloud, settings)),
        (
            "open egress of new groups through the API",
            "the emulator does not understand the old provider's call",
            _egress(cloud, settings),
        ),
    ]


def _recovery(cloud: LocalCloud, settings: Settings) -> list[str]:
    cloud.client("dynamodb", settings.secondary.region).update_continuous_backups(
        TableName=settings.name("table"), PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    return [settings.name("table")]


def _secret(cloud: LocalCloud, settings: Settings) -> list[str]:
    secrets, region = cloud.client("secretsmanager", settings.primary.region), settings.secondary.region
    name = settings.name("secret", "database")
    known = secrets.describe_secret(SecretId=name).get("ReplicationStatus", [])
    if region not in [replica["Region"] for replica in known]:
        key = f"alias/{settings.name('key_alias', 'data')}"
        secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": region, "KmsKeyId": key}])
    return [name]


def _egress(cloud: LocalCloud, settings: Settings) -> list[str]:
    """Take the rule away that every group begins with, as Terraform does on AWS."""
    names = []
    for region_config in settings.region_configs:
        ec2 = cloud.client("ec2", region_config.region)
        filters = [{"Name": "tag:System", "Values": [settings.tags["System"]]}]
        for page in ec2.get_paginator("describe_security_groups").paginate(Filters=filters):
            for group in page["SecurityGroups"]:
                open_ = [rule for rule in group["IpPermissionsEgress"] if _everything(rule)]
                if open_:
                    ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=open_)
                names.append(f"{group['GroupName']} in {region_config.region}")
    return names


def _everything(rule: JsonObject) -> bool:
    return rule["IpProtocol"] == "-1" and bool(rule["IpRanges"])
