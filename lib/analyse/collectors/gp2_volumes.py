"""Reads the gp2 volumes that are in use; those that nothing uses are another collector's."""

from collections.abc import Iterator

from lib.analyse.collectors.volumes import FIELDS, volume
from lib.analyse.model import Collector, Volume
from lib.analyse.options import Options
from lib.analyse.region_client import RegionClient


def collect(client: RegionClient, _options: Options) -> Iterator[Volume]:
    """Yield every gp2 volume in state ``in-use``."""
    filters = [{"Name": "volume-type", "Values": ["gp2"]}, {"Name": "status", "Values": ["in-use"]}]
    for page in client.pages("ec2", "describe_volumes", "Volumes", FIELDS, Filters=filters, MaxResults=1000):
        for row in page:
            yield volume(row, None, None)


COLLECTOR = Collector("gp2_volumes", ("ec2:DescribeVolumes",), collect)
