"""The key of the hashes is made through the API, once, the same in both regions, and goes with the stack."""

import pytest

from lib.disaster_recovery.settings import Settings
from lib.local_cloud.cdktf.legacy_provider import pre_apply
from tests.support.disaster_recovery import two_regions


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with two_regions.emulator(tmp_path_factory.mktemp("hashes")) as found:
        yield found


@pytest.fixture(params=["first", "second"])
def settings(request):
    """Settings of two suffixes: whose keys are whose."""
    return Settings.read({"ENVIRONMENT_SUFFIX": request.param})


def codes(cloud, settings):
    """Return what each region's key makes of a text."""
    alias = f"alias/{settings.name('key_alias', 'hashes')}"
    return [
        cloud.client("kms", where).generate_mac(KeyId=alias, MacAlgorithm="HMAC_SHA_256", Message=b"text")["Mac"]
        for where in settings.regions
    ]


def states(cloud, settings):
    """Return the state of each key of hashes in both regions."""
    found = []
    for where in settings.regions:
        kms = cloud.client("kms", where)
        keys = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
        described = [kms.describe_key(KeyId=key)["KeyMetadata"] for key in keys]
        found += [key["KeyState"] for key in described if key["KeyUsage"] == "GENERATE_VERIFY_MAC"]
    return found


def test_both_regions_hash_alike_also_after_a_second_time(cloud, settings):
    ((_what, why, names),) = pre_apply.prepare(cloud, settings)
    first, second = codes(cloud, settings)
    assert first == second
    assert (bool(why), len(names)) == (True, 2)
    pre_apply.prepare(cloud, settings)
    assert codes(cloud, settings) == [first, second]
    pre_apply.remove(cloud, settings)


def test_nothing_is_left_to_use(cloud, settings):
    pre_apply.prepare(cloud, settings)
    pre_apply.remove(cloud, settings)
    assert set(states(cloud, settings)) <= {"PendingDeletion", "PendingReplicaDeletion"}
    with pytest.raises(cloud.client("kms").exceptions.NotFoundException):
        codes(cloud, settings)
    pre_apply.remove(cloud, settings)  # nothing made is nothing to do
