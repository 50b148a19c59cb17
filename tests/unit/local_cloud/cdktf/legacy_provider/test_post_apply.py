"""What the old provider cannot say is said through the API, once: a second time finds it done."""

from types import SimpleNamespace

import pytest

from lib.disaster_recovery.settings import Settings
from lib.local_cloud.cdktf.legacy_provider import post_apply

OPEN = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
OWN = {"IpProtocol": "tcp", "IpRanges": []}


class Api:
    """Both regions' services, as far as they are asked."""

    def __init__(self):
        self.called, self.replicas, self.place = [], [], ""
        self.rules = [OPEN, OWN]

    def client(self, service, place):
        self.place = place
        return self

    def update_continuous_backups(self, **arguments):
        self.called.append(("recovery", self.place, arguments))

    def describe_secret(self, **_arguments):
        return {"ReplicationStatus": [{"Region": place} for place in self.replicas]}

    def replicate_secret_to_regions(self, *, AddReplicaRegions, **_arguments):
        self.called.append(("secret", self.place, AddReplicaRegions))
        self.replicas += [replica["Region"] for replica in AddReplicaRegions]

    def get_paginator(self, _name):
        group = {"GroupName": "g", "GroupId": "sg-1", "IpPermissionsEgress": self.rules}
        return SimpleNamespace(paginate=lambda **_arguments: [{"SecurityGroups": [group]}])

    def revoke_security_group_egress(self, *, IpPermissions, **_arguments):
        self.called.append(("egress", self.place, IpPermissions))
        self.rules = [rule for rule in self.rules if rule not in IpPermissions]


@pytest.fixture
def done():
    api, settings = Api(), Settings.read({})
    return api, settings, post_apply.complete(api, settings)


def test_the_replica_can_go_back_in_time(done):
    api, settings, _steps = done
    (found,) = [call for call in api.called if call[0] == "recovery"]
    assert found[1] == settings.secondary.region
    assert found[2]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_secret_is_in_the_other_region(done):
    api, settings, _steps = done
    (found,) = [call for call in api.called if call[0] == "secret"]
    assert found[1] == settings.primary.region
    assert [replica["Region"] for replica in found[2]] == [settings.secondary.region]


def test_only_the_open_rule_goes(done):
    api, _settings, _steps = done
    assert api.rules == [OWN]


def test_a_second_time_finds_it_done(done):
    api, settings, steps = done
    before = [call for call in api.called if call[0] != "recovery"]
    assert post_apply.complete(api, settings) == steps
    assert [call for call in api.called if call[0] != "recovery"] == before


def test_everything_is_told_with_its_reason(done):
    assert all(what and why and names for what, why, names in done[2])
