"""An owner is what the owner tag says, and otherwise the cluster and namespace of Kubernetes that the tags have."""

import pytest

from lib.analyse import owners
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse.auditor import PRICED

CLAIM = {
    "kubernetes.io/created-for/pvc/namespace": "payments",
    "kubernetes.io/created-for/pvc/name": "data-0",
    "kubernetes.io/created-for/pv/name": "pvc-1",
}
CLUSTER = {"kubernetes.io/cluster/production": "owned"}


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({"Owner": "ann"}, "ann"),
        ({"OWNER": "ann", **CLAIM, **CLUSTER}, "ann"),
        ({"Owner": "", **CLUSTER}, "kubernetes:production"),
        ({"Owner": ""}, ""),
        ({**CLAIM, **CLUSTER}, "kubernetes:production/payments"),
        (CLAIM, "kubernetes:payments"),
        (CLUSTER, "kubernetes:production"),
        ({**CLUSTER, "kubernetes.io/cluster/test": "shared"}, "kubernetes:production,test"),
        ({"KubernetesCluster": "old", **CLAIM}, "kubernetes:old/payments"),
        ({"aws:eks:cluster-name": "new"}, "kubernetes:new"),
        ({"ebs.csi.aws.com/cluster": "true", "CSIVolumeName": "pvc-1"}, "kubernetes"),
        ({"Name": "x", "kubernetes.io/role/elb": "1"}, None),
        ({}, None),
    ],
)
def test_the_owner_tag_comes_first_and_then_kubernetes(tags, owner):
    assert owners.owner(tags, "Owner") == owner


@pytest.mark.parametrize(
    ("tags", "claim"),
    [(CLAIM, "payments/data-0"), ({"kubernetes.io/created-for/pvc/name": "data-0"}, "data-0"), (CLUSTER, None)],
)
def test_the_claim_is_told_with_its_namespace(tags, claim):
    assert owners.claim(tags) == claim


def test_volumes_and_groups_of_a_cluster_are_added_up_under_it(start):
    account = content.Content()
    rows = [{"Key": key, "Value": value} for key, value in {**CLAIM, **CLUSTER}.items()]
    account.rows["Volumes"] = [content.volume(1, size=100, Tags=rows), content.volume(2, size=100, Tags=rows)]
    report = start(analyse.cloud(account))("--region", PRICED, "--check", "zombie-volume")[1]
    assert report["summary"]["by_check"]["zombie-volume"]["by_owner"]["kubernetes:production/payments"]["count"] == 2
    assert report["findings"][0]["details"]["kubernetes_claim"] == "payments/data-0"
