"""A number of shards that Kinesis would refuse is found before the deployment, with the numbers on the way."""

import pytest

from lib.check_account.checks import streams
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, Stubs, resource, system

STREAM = resource("AWS::Kinesis::Stream", Name="events", ShardCount=8)


def check(declared=8):
    (found,) = streams.checks([system(resource("AWS::Kinesis::Stream", Name="events", ShardCount=declared))])
    return found


def summary(shards):
    described = {
        "StreamName": "events",
        "StreamARN": f"arn:aws:kinesis:{HERE}:123456789012:stream/events",
        "StreamStatus": "ACTIVE",
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": 0,
        "EnhancedMonitoring": [],
        "OpenShardCount": shards,
    }
    return {"StreamDescriptionSummary": described}


@pytest.mark.parametrize(
    ("deployed", "declared", "way"),
    [
        (2, 2, []),
        (2, 4, [4]),
        (2, 5, [4, 5]),
        (1, 9, [2, 4, 8, 9]),
        (8, 4, [4]),
        (8, 3, [4, 3]),
        (9, 4, [5, 4]),
        (3, 1, [2, 1]),
        (1, 1, []),
    ],
)
def test_every_step_is_one_that_kinesis_takes(deployed, declared, way):
    assert streams.steps(deployed, declared) == way


def test_an_on_demand_stream_has_no_number():
    assert streams.checks([system(resource("AWS::Kinesis::Stream", Name="events"))]) == []


def test_a_stream_that_is_not_deployed_takes_any_number():
    stubs = Stubs().error("kinesis", "describe_stream_summary", "ResourceNotFoundException")
    (row,) = check().evaluate(check().collect(stubs.account))
    assert (row.verdict, row.found) == (Verdict.OK, "no stream yet")


@pytest.mark.parametrize("shards", [4, 8, 16])
def test_half_to_twice_is_taken(shards):
    stubs = Stubs().answer("kinesis", "describe_stream_summary", summary(shards), {"StreamName": "events"})
    (row,) = check().evaluate(check().collect(stubs.account))
    assert (row.verdict, row.found, row.fix) == (Verdict.OK, f"{shards} open", "")


@pytest.mark.parametrize(
    ("shards", "fix"), [(1, "STREAM_SHARDS=2, then 4, then 8"), (3, "STREAM_SHARDS=6, then 8"), (17, "=9, then 8")]
)
def test_what_is_refused_has_its_steps(shards, fix):
    (row,) = check().evaluate(shards)
    assert row.verdict is Verdict.CHANGE
    assert row.fix.endswith(fix)


def test_a_refused_question_is_no_answer():
    stubs = Stubs().error("kinesis", "describe_stream_summary", "AccessDeniedException")
    with pytest.raises(Exception, match="AccessDenied"):
        check().collect(stubs.account)
