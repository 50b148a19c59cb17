"""Memory and connections follow from the instance class, and one that is not known counts as the smallest."""

from decimal import Decimal

import pytest

from lib.common import rds_instances
from lib.common.rds_instances import GIB


# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [
        ("db.t4g.micro", 1),
        ("db.t3.small", 2),
        ("db.t4g.medium", 4),
        ("db.t4g.2xlarge", 32),
        ("db.m6g.large", 8),
        ("db.m7g.16xlarge", 256),
        ("db.r6g.large", 16),
        ("db.r6gd.xlarge", 32),
        ("db.r8g.4xlarge", 128),
    ],
)
def test_memory_is_that_of_awss_table(instance_class, gib):
    assert rds_instances.memory(instance_class) == gib * GIB


@pytest.mark.parametrize("instance_class", ["db.x2g.large", "db.serverless", "db.r6g.huge", "db.z1d.large"])
def test_a_class_that_is_not_known_counts_as_the_smallest(instance_class):
    assert rds_instances.memory(instance_class) == GIB


@pytest.mark.parametrize(
    ("instance_class", "number"), [("db.t4g.micro", 112), ("db.t4g.medium", 450), ("db.r6g.16xlarge", 5000)]
)
def test_connections_follow_from_the_memory_up_to_a_limit(instance_class, number):
    assert rds_instances.connections(instance_class) == number


def test_classes_that_spend_credits_are_told_apart():
    assert rds_instances.burstable("db.t3.small")
    assert not rds_instances.burstable("db.r6g.large")


# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
@pytest.mark.parametrize(
    ("instance_class", "vcpus"),
    [
        ("db.t4g.micro", "0.2"),
        ("db.t4g.medium", "0.4"),
        ("db.t3.large", "0.6"),
        ("db.t4g.xlarge", "1.6"),
        ("db.t4g.2xlarge", "3.2"),
        ("db.r6g.large", "2"),
        ("db.m7g.xlarge", "4"),
        ("db.r6g.4xlarge", "16"),
        ("db.x2g.large", "0.2"),
    ],
)
def test_a_class_has_so_many_vcpus_all_the_time(instance_class, vcpus):
    assert rds_instances.cores(instance_class) == Decimal(vcpus)
