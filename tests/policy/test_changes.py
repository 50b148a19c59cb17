"""Changes that users make to a deployed stack do what the catalogue (changes.toml) says, and nothing else."""

import pytest

from lib.declared.model import Declaration, Resource
from lib.declared.read import Source
from tests.policy import changes, lifecycle, refusals
from tests.policy.cases import SYSTEMS, Case
from tests.policy.changes import Change

CHANGES = list(changes.changes())


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_change_does_what_the_catalogue_says(change):
    outcome, expected = change.outcome(), dict(change.expected)
    if change.refused:
        assert expected.pop("refused") in outcome.pop("refused", "")
    assert outcome == expected


# What every system goes through, in some words of the catalogue's.
EVERYWHERE = (
    "instance class",
    "minor version",
    "major version",
    "another zone first",
    "becomes staging",
    "becomes production",
    "Destroy dev",
    "Destroy production",
    "Create production again",
    "a second time",
    "fails at its last resource",
    "left in the shell",
)


@pytest.mark.parametrize("words", EVERYWHERE)
def test_each_system_goes_through(words):
    assert {change.system for change in CHANGES if words in change.what} == {change.system for change in CHANGES}


def test_what_is_expected_can_fail():
    """A change of another stack than the catalogue's has another outcome."""
    (found,) = [c for c in CHANGES if c.what == "Larger batches"]
    other = Change(found.what, found.system, after={"BATCH_SIZE": "100"}, expected=found.expected)
    assert other.outcome() == {} != found.expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[change]]\nwhat = "x"\nform = 1\n', "x: form is neither a key of a change nor a system"),
        (f'[[change]]\nwhat = "x"\n{SYSTEMS[0]}.chnaged = 1\n', f"x, {SYSTEMS[0]}: chnaged is nothing that can happen"),
    ],
)
def test_a_key_that_means_nothing_is_refused(text, message, tmp_path, monkeypatch):
    monkeypatch.setattr(changes, "CATALOGUE", tmp_path / "changes.toml")
    changes.CATALOGUE.write_text(text)
    with pytest.raises(KeyError, match=message):
        list(changes.changes())


def template(**rules):
    document = {
        "Parameters": {"Kept": {"Default": "one"}},
        "Rules": {
            name: {"Assertions": [{"Assert": condition, "AssertDescription": name}]}
            for name, condition in rules.items()
        },
    }
    return Source(SYSTEMS[0], "cdk", {}, document)


@pytest.mark.parametrize(
    ("condition", "parameters", "sentence"),
    [
        ({"Fn::Equals": [{"Ref": "Kept"}, "one"]}, {}, ""),
        ({"Fn::Equals": [{"Ref": "Kept"}, "two"]}, {}, "rule"),
        ({"Fn::Equals": [{"Ref": "Kept"}, "two"]}, {"Kept": "two"}, ""),
        ({"Fn::Contains": [["one", "two"], {"Ref": "Kept"}]}, {}, ""),
        ({"Fn::Contains": [["two"], {"Ref": "Kept"}]}, {}, "rule"),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Kept"}, "one"]}]}, {}, "rule"),
    ],
)
def test_a_rule_is_asked_of_the_former_value(condition, parameters, sentence):
    assert refusals.refusal(template(), template(rule=condition), parameters) == sentence


def stack(*resources, tool="pulumi"):
    return Declaration("shop", tool, "dev", "x", resources)


def bucket(name, **more):
    return Resource("AWS::S3::Bucket", "b", {"BucketName": name}, "x", **more)


@pytest.mark.parametrize(
    ("resource", "taken"),
    [
        (bucket("files", retained=True), {"taken": {"AWS::S3::Bucket": 1}}),
        (bucket("files-${id.Hex}", retained=True), {}),
        (bucket("files"), {}),
    ],
)
def test_the_name_of_what_stays_is_taken(resource, taken):
    assert lifecycle.create_again(stack(resource)) == taken


@pytest.mark.parametrize(("snapshot", "taken"), [("last", {"taken": {"AWS::S3::Bucket": 1}}), ("last-${id.Hex}", {})])
def test_a_final_snapshot_has_another_name_each_time(snapshot, taken):
    assert lifecycle.destroy_again(stack(bucket("x", options={"final_snapshot_identifier": snapshot}))) == taken


def test_what_a_rollback_cannot_delete_is_named():
    kept = bucket("files", options={"DeletionPolicy": "Retain"})
    instance = Resource("AWS::RDS::DBInstance", "d", {"DeletionProtection": True}, "x")
    assert lifecycle.creation_fails(stack(kept, instance, tool="cdk")) == {
        "stays": {"AWS::S3::Bucket": 1},
        "refused_by": {"AWS::RDS::DBInstance": 1},
    }


def test_the_last_resource_is_at_the_end_of_the_longest_way():
    first, second = (Resource("T", name, {}, "x", frozenset(refers)) for name, refers in (("z", ""), ("a", "z")))
    assert lifecycle.last(stack(first, second)) is second


def test_every_step_is_of_a_stack_as_it_is_deployed():
    """The case's own settings, when the catalogue names none."""
    (destroy,) = [c for c in CHANGES if c.what == "Destroy dev" and c.system == SYSTEMS[0]]
    assert destroy.environ(0) == destroy.environ(1) == Case(SYSTEMS[0], "dev").environ
