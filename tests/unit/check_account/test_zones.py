"""Zones that a system names are looked for in the account before a deployment needs them."""

import dataclasses

from lib.check_account.checks import zones
from lib.check_account.model import Verdict
from lib.declared.cloudformation import ZONE_QUESTION
from tests.support.check_account import HERE, Stubs, resource, system


def subnet(letter):
    return resource("AWS::EC2::Subnet", f"subnet-{letter}", AvailabilityZone=f"{HERE}{letter}")


def check():
    (found,) = zones.checks([system(subnet("b"), subnet("a"), subnet("a"), tool="cdk")])
    return found


def asked(*letters):
    listed = [{"ZoneName": f"{HERE}{letter}"} for letter in letters]
    stubs = Stubs().answer(
        "ec2", "describe_availability_zones", {"AvailabilityZones": listed}, {"Filters": zones.FILTERS}
    )
    (row,) = check().evaluate(check().collect(stubs.account))
    return row


def test_a_zone_that_is_looked_up_needs_no_check():
    looked_up = dataclasses.replace(subnet("a"), options={ZONE_QUESTION: True})
    asking = system(tool="cdk")
    declaration = dataclasses.replace(asking.declaration, resources=(looked_up,))
    assert zones.checks([dataclasses.replace(asking, declaration=declaration)]) == []


def test_the_other_tools_take_what_is_offered():
    assert zones.checks([system(subnet("a"), tool="pulumi")]) == []


def test_zones_that_are_offered():
    row = asked("c", "a", "b")
    assert (row.verdict, row.needed) == (Verdict.OK, f"{HERE}a, {HERE}b")
    assert row.found == f"{HERE}a, {HERE}b, {HERE}c"


def test_a_zone_that_the_account_does_not_have_is_replaced_by_those_it_has():
    row = asked("a", "c", "d")
    assert row.verdict is Verdict.CHANGE
    assert row.fix == "set AVAILABILITY_ZONES=a,c before the first deployment"


def test_no_zone_at_all_is_said():
    assert asked().found == "none"
