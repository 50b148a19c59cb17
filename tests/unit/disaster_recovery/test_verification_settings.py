"""What is to be looked at is read from the environment, or refused with the variable, its value and what it takes."""

import json

import pytest

from tests.support.disaster_recovery import aurora as support
from tests.support.disaster_recovery.two_regions import HOME, PEER

GOOD = support.environ("payments", "cluster", "arn:aws:sns:topic")


@pytest.fixture
def read(verification):
    return verification.modules.settings.Settings.read


def test_the_environment_is_read(read):
    found = read(GOOD)
    assert (found.table, found.regions, found.global_cluster) == ("payments", (HOME, PEER), "cluster")
    assert found.clusters == {HOME: "cluster", PEER: "cluster"}
    assert (found.snapshot_hours, found.restore_hours, found.lag_milliseconds) == (26, 24, 5000)
    assert (found.topic, found.bucket, found.protected) == ("arn:aws:sns:topic", support.BUCKET, True)


def test_what_may_be_left_out_has_a_default(read):
    few = {name: value for name, value in GOOD.items() if name not in ("TOPIC_ARN", "REPORT_BUCKET")}
    assert (read(few).topic, read(few).bucket) == ("", "")
    assert not read({**few, "DELETION_PROTECTION": "false"}).protected


@pytest.mark.parametrize("name", [name for name in GOOD if name not in ("TOPIC_ARN", "REPORT_BUCKET")])
@pytest.mark.parametrize("value", ["", None])
def test_what_is_missing_is_named(verification, read, name, value):
    environ = {each: text for each, text in GOOD.items() if each != name} | ({} if value is None else {name: value})
    with pytest.raises(verification.modules.settings.WrongSetting, match=f"{name} is missing"):
        read(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGIONS", "a,b"),
        ("REGIONS", "[]"),
        ("REGIONS", "[1, 2]"),
        ("REGIONS", '{"a": "b"}'),
        ("REGIONS", '[""]'),
        ("REGIONS", "7"),
        ("CLUSTERS", "[]"),
        ("CLUSTERS", '["a"]'),
        ("CLUSTERS", '{"a": 1}'),
        ("CLUSTERS", "{"),
        ("CLUSTERS", '{"elsewhere": "cluster"}'),
        ("LAG_MAX_MS", "fast"),
        ("LAG_MAX_MS", "-1"),
        ("LAG_MAX_MS", "0"),
        ("PITR_MIN_HOURS", "inf"),
        ("PITR_MIN_HOURS", "nan"),
        ("SNAPSHOT_MAX_AGE_HOURS", "1 day"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_should_be(verification, read, name, value):
    with pytest.raises(verification.modules.settings.WrongSetting) as caught:
        read({**GOOD, name: value})
    assert f"{name}={value!r}" in str(caught.value)
    assert any(word in str(caught.value) for word in ("write", "name one"))


def test_each_region_has_a_cluster_of_its_own(read):
    assert read({**GOOD, "CLUSTERS": json.dumps({HOME: "a", PEER: "b"})}).clusters == {HOME: "a", PEER: "b"}
