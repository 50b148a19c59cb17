"""The key of the hashes, made in the emulator through the API before anything else.

The old AWS provider knows neither keys of this kind nor keys that two regions have. On AWS the pinned one makes it.
"""

from typing import TYPE_CHECKING

from lib.disaster_recovery.settings import RegionConfig, Settings
from lib.local_cloud.cloud import LocalCloud

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

Step = tuple[str, str, list[str]]
LOST_DAYS = 7


def _alias(settings: Settings, region_config: RegionConfig) -> str:
    return f"alias/{settings.name('key_alias', 'hashes', where=region_config.region)}"


def _target(kms: "KMSClient", alias: str) -> str:
    """Return the id of the key that has an alias; nothing where there is none."""
    found = [entry for page in kms.get_paginator("list_aliases").paginate() for entry in page["Aliases"]]
    return next((entry["TargetKeyId"] for entry in found if entry["AliasName"] == alias), "")


def prepare(cloud: LocalCloud, settings: Settings) -> list[Step]:
    """Make the key in both regions, unless it is there; return what was done: what, why, names."""
    first, second = settings.region_configs
    kms = cloud.client("kms", first.region)
    key_id = _target(kms, _alias(settings, first))
    if not key_id:
        made = kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256", MultiRegion=True)
        key_id = made["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=_alias(settings, first), TargetKeyId=key_id)
    other = cloud.client("kms", second.region)
    if not _target(other, _alias(settings, second)):
        kms.replicate_key(KeyId=key_id, ReplicaRegion=second.region)
        other.create_alias(AliasName=_alias(settings, second), TargetKeyId=key_id)
    names = [_alias(settings, region_config) for region_config in settings.region_configs]
    return [("key of the hashes through the API", "the old provider knows no such key", names)]


def remove(cloud: LocalCloud, settings: Settings) -> None:
    """Delete what :func:`prepare` has made; nothing made is nothing to do."""
    for region_config in reversed(settings.region_configs):
        kms, alias = cloud.client("kms", region_config.region), _alias(settings, region_config)
        key_id = _target(kms, alias)
        if key_id:
            kms.delete_alias(AliasName=alias)
            kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=LOST_DAYS)
