"""What a load of events meets follows from the settings, and none of it is below what they are made for."""

import pytest

from lib.common.load import Load
from lib.kinesis_pipeline import load
from lib.kinesis_pipeline.settings import Settings


def grown(**environ: str) -> Load:
    return load.of(Settings.read(environ))


def test_shards_are_what_the_settings_are_made_for_and_what_gives_way_first():
    found = grown(STREAM_SHARDS="3")
    assert found.rate == 3000 == min(limit.takes for limit in found.limits)


def test_each_shard_has_one_consumer():
    found = {limit.what: limit.takes for limit in grown(STREAM_SHARDS="3").limits}
    assert found["a consumer for each of 3 shards"] == 3 * load.CONSUMER_RATE


@pytest.mark.parametrize(("hours", "prices"), [("24", 1), ("25", 2)])
def test_a_shard_costs_more_where_records_stay_longer_than_a_day(hours, prices):
    (part,) = grown(STREAM_HOURS=hours).parts
    assert len(part.prices) == prices


def test_a_batch_is_one_call():
    assert grown(BATCH_SIZE="200").uses["AWSLambda", "Request-ARM"] * 200 == 1


def test_one_shard_has_one_consumer():
    found = {limit.what: limit.takes for limit in load.of(Settings.read({"STREAM_SHARDS": "1"})).limits}
    assert found["the consumer of the one shard"] == load.CONSUMER_RATE
