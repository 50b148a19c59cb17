"""Every region that a system needs is asked for in a region that is never off, and one that is off is said to be."""

import pytest

from lib.check_account.checks import regions
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, HOME, THERE, resource, system

PAIR = system(resource("AWS::KMS::Key"), resource("AWS::KMS::Key", "other", THERE))


def judged(status):
    (check,) = [one for one in regions.checks([PAIR]) if one.region == HERE]
    (row,) = check.evaluate({HERE: status} if status else {})
    return row


def test_both_regions_of_a_pair_are_asked_for():
    assert [check.region for check in regions.checks([PAIR])] == sorted([HERE, THERE])


def test_a_health_check_needs_route_53_s_region():
    found = regions.checks([system(resource("AWS::Route53::HealthCheck"))])
    assert [check.region for check in found] == sorted([HERE, HOME])


def test_the_home_region_is_asked(aws):
    answer = {"Regions": [{"RegionName": HERE, "OptInStatus": "not-opted-in"}]}
    aws.answer("ec2", "describe_regions", answer, {"AllRegions": True, "RegionNames": [HERE]}, HOME)
    assert regions.collect(aws.account, HERE) == {HERE: "not-opted-in"}


@pytest.mark.parametrize("status", ["opted-in", "opt-in-not-required"])
def test_a_region_that_is_on_is_good(status):
    assert judged(status).verdict is Verdict.OK


def test_a_region_that_is_off_comes_with_the_command():
    row = judged("not-opted-in")
    assert (row.verdict, row.fix) == (Verdict.CHANGE, f"aws account enable-region --region-name {HERE}")


def test_switching_a_region_on_is_left_to_a_human():
    assert judged("not-opted-in").calls == ()


def test_a_region_that_aws_does_not_name_is_not_offered():
    assert "not offered" in judged("").found
