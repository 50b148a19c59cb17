"""What the auditor says of the local cloud is shown, and what it finds there ends ``scripts/up`` with an error."""

import pytest

from lib.local_cloud.audit import audit
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.process import free_port


@pytest.fixture
def cloud(tmp_path):
    made = LocalCloud.read({"LOCAL_CLOUD_FOLDER": str(tmp_path / "cloud"), "LOCAL_CLOUD_PORT": str(free_port())})
    made.emulator.start()
    yield made
    made.stop()


def test_an_empty_cloud_passes_and_a_forgotten_volume_does_not(cloud):
    assert "Everything was looked at" in "\n".join(audit(cloud, [cloud.region]))
    cloud.client("ec2").create_volume(AvailabilityZone=f"{cloud.region}a", Size=8)
    with pytest.raises(LocalCloudError, match="The auditor ended with 1:") as found:
        audit(cloud, [cloud.region])
    assert "zombie-volume: 1" in str(found.value)
