"""A tag may have in it what the program gives another resource, and nothing that AWS alone gives it."""

import pytest

from lib.declared.model import Declaration, Resource
from tests.policy.cases import HOME
from tests.policy.rules.tags import tags_are_known_in_the_plan

NAMED = Resource("AWS::SNS::Topic", "a", {"TopicName": "alarms"}, HOME)
AFTER = Resource("AWS::SNS::Topic", "b", {"TopicName": "of-${a.TopicArn}"}, HOME)


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        ("of ${a.TopicName}", []),
        ("of ${a.TopicArn}", ["a's TopicArn"]),
        ("of ${b.TopicName}", ["b's TopicName"]),
        ("${a.TopicName} ${b.TopicArn}", ["b's TopicArn"]),
    ],
)
def test_what_another_resource_is_given_is_known_and_the_rest_is_not(value, unknown):
    tagged = Resource("AWS::SNS::Topic", "c", {"Tags": [{"Key": "Name", "Value": value}]}, HOME)
    found = list(tags_are_known_in_the_plan(Declaration("shop", "cdktf", "dev", HOME, (NAMED, AFTER, tagged))))
    assert found == [f"c: the tag Name has {part} in it, which is unknown in the plan" for part in unknown]
