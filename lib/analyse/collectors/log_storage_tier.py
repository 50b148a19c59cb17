"""Reads the storage tier policy that an account has for its logs in a region."""

from collections.abc import Iterator

from lib.analyse import errors
from lib.analyse.aws import member, milliseconds
from lib.analyse.model import Collector, StorageTier
from lib.analyse.options import Options
from lib.analyse.region_client import RegionClient

OPERATION = "GetStorageTierPolicy"


def collect(client: RegionClient, _options: Options) -> Iterator[StorageTier]:
    """Yield the storage tier: one call.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetStorageTierPolicy.html
    """
    try:
        answer = client.call("logs", "get_storage_tier_policy")
    except errors.client_error() as error:
        if errors.code(error) != "ResourceNotFoundException":
            raise
        yield StorageTier("")
        return
    updated = answer.get("lastUpdatedTime")
    yield StorageTier(member(answer, OPERATION, "storageTier"), milliseconds(updated) if updated else None)


COLLECTOR = Collector("log_storage_tier", (f"logs:{OPERATION}",), collect)
