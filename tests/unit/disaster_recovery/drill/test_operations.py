"""Each step of a failover is shown as the command that it is, done once, and refused when somebody else was there."""

import shlex

import pytest

from lib.common.errors import ExerciseError
from lib.disaster_recovery.drill import operations, target
from lib.disaster_recovery.drill.operations import FailoverOperations
from lib.disaster_recovery.settings import Settings
from tests.support import functions
from tests.support.disaster_recovery import two_regions as world
from tests.support.mac import Mac


class Refused(Exception):
    """DynamoDB's conditional check."""


class Exceptions:
    """As a client has them."""

    ConditionalCheckFailedException = Refused


class Aws:
    """What both regions have: one table, one global database, one API in each region."""

    exceptions = Exceptions()

    def __init__(self, settings):
        self.settings, self.items, self.calls = settings, {}, []
        first, second = (region_config.region for region_config in settings.region_configs)
        self.members = {first: True, second: False}
        self.moves, self.raced, self.unprocessed, self.lossy = True, False, 0, None
        self.deaf = False
        self.apis = [{"name": "other", "id": "x"}, {"name": settings.name("api"), "id": "abc"}]

    def __call__(self, service, place):
        self.calls.append((service, place))
        return self

    def generate_mac(self, *, KeyId, **others):
        assert KeyId == f"alias/{self.settings.name('key_alias', 'hashes')}"
        return Mac().generate_mac(KeyId=world.HASH_KEY, **others)

    def get_item(self, **arguments):
        assert arguments["ConsistentRead"] is True
        found = self.items.get(arguments["Key"]["pk"]["S"])
        if self.deaf and self.calls[-1][1] == self.settings.primary.region:
            found = None
        return {"Item": found} if found else {}

    def put_item(self, *, Item, ConditionExpression, TableName, ExpressionAttributeValues=None):
        if self.raced:
            self.items.pop(Item["pk"]["S"], None)
        known = self.items.get(Item["pk"]["S"])
        good = {
            "attribute_not_exists(pk)": known is None and not self.raced,
            "epoch = :old": known is not None and known["epoch"] == (ExpressionAttributeValues or {}).get(":old"),
        }
        if not good[ConditionExpression]:
            raise Refused
        self.items[Item["pk"]["S"]] = Item

    def batch_get_item(self, *, RequestItems):
        ((table, wanted),) = RequestItems.items()
        assert len(wanted["Keys"]) <= 100
        keys, left = wanted["Keys"], []
        if self.unprocessed:
            keys, left, self.unprocessed = keys[:-1], keys[-1:], 0
        items = [self.items[key["pk"]["S"]] for key in keys if key["pk"]["S"] in self.items]
        return {"Responses": {table: items}, "UnprocessedKeys": {table: {"Keys": left}} if left else {}}

    def describe_global_clusters(self, **_arguments):
        members = [
            {"DBClusterArn": f"arn:aws:rds:{place}:1:cluster:c", "IsWriter": writer}
            for place, writer in self.members.items()
        ]
        return {"GlobalClusters": [{"GlobalClusterMembers": members}]}

    def failover_global_cluster(self, *, TargetDbClusterIdentifier, GlobalClusterIdentifier, AllowDataLoss=False):
        target = TargetDbClusterIdentifier.split(":")[3]
        self.lossy = AllowDataLoss
        if self.moves:
            self.members = {place: place == target for place in self.members}

    switchover_global_cluster = failover_global_cluster

    def get_paginator(self, _name):
        return self

    def paginate(self, **arguments):
        if "FilterExpression" not in arguments:
            return [{"items": self.apis}]
        run = arguments["ExpressionAttributeValues"][":run"]
        return [{"Items": [item for item in self.items.values() if item.get("drill") == run]}]

    def put_function_concurrency(self, **arguments):
        self.calls.append(("reserve", arguments["FunctionName"], arguments["ReservedConcurrentExecutions"]))

    def delete_function_concurrency(self, **arguments):
        self.calls.append(("restore", arguments["FunctionName"]))


@pytest.fixture
def settings():
    return Settings.read({})


@pytest.fixture
def aws(settings):
    return Aws(settings)


@pytest.fixture
def shown():
    return []


@pytest.fixture
def steps(aws, settings, shown):
    return FailoverOperations(
        aws, settings, lambda what, command: shown.append(command), "test", seconds=0.05, settle_seconds=0.0
    )


def test_without_an_item_the_home_region_writes(steps, settings):
    assert steps.writer(settings.secondary) == (settings.primary.region, 0)


def test_the_writer_moves_with_a_higher_epoch(steps, settings, aws):
    assert steps.move_writer(settings.secondary, through=settings.secondary) == 1
    assert steps.move_writer(settings.primary, through=settings.secondary) == 2
    assert steps.writer(settings.primary) == (settings.primary.region, 2)
    assert ("dynamodb", settings.secondary.region) in aws.calls
    assert aws.items["control#writer"]["by"] == {"S": "test"}


def test_a_change_by_somebody_else_is_not_overwritten(steps, settings, aws):
    aws.raced = True
    with pytest.raises(ExerciseError, match="is not at epoch 0 any more"):
        steps.move_writer(settings.secondary, through=settings.secondary)


def test_an_item_that_was_taken_away_meanwhile_is_not_made_again(steps, settings, aws):
    steps.move_writer(settings.secondary, through=settings.secondary)
    aws.raced = True
    with pytest.raises(ExerciseError, match="is not at epoch 1 any more"):
        steps.move_writer(settings.primary, through=settings.primary)


def test_a_pause_ends_when_the_other_region_has_heard_of_it(steps, settings, aws):
    assert steps.pause(settings.secondary, settings.primary) == 1
    assert steps.writer(settings.primary) == ("nobody", 1)
    assert steps.move_writer(settings.primary, through=settings.primary) == 2


def test_a_pause_of_which_the_other_region_never_hears_is_told(steps, settings, aws, monkeypatch):
    monkeypatch.setattr(operations, "PAUSE_SECONDS", 0.01)
    aws.deaf = True
    with pytest.raises(ExerciseError, match="has not heard of the pause after 0 s, and nobody writes"):
        steps.pause(settings.secondary, settings.primary)


def test_a_failover_may_lose_data_and_a_switchover_may_not(steps, settings, aws):
    steps.fail_over(settings.secondary)
    assert (aws.lossy, steps.database_writer(settings.secondary)) == (True, settings.secondary.region)
    steps.switch_over(settings.primary, asked=settings.secondary)
    assert (aws.lossy, steps.database_writer(settings.primary)) == (False, settings.primary.region)


@pytest.mark.parametrize("what", ["failover-global-cluster", "switchover-global-cluster"])
def test_a_step_of_aurora_is_shown_as_its_command(steps, settings, shown, what):
    if what.startswith("fail"):
        steps.fail_over(settings.secondary)
    else:
        steps.switch_over(settings.primary, asked=settings.secondary)
    words = shlex.split(shown[0])
    assert words[:5] == ["aws", "rds", what, "--region", settings.secondary.region]
    assert words[words.index("--global-cluster-identifier") + 1] == settings.global_cluster
    assert words[words.index("--target-db-cluster-identifier") + 1].startswith("arn:aws:rds:")
    assert ("--allow-data-loss" in words) is what.startswith("fail")


def test_the_writer_item_is_shown_as_its_command(steps, settings, shown):
    steps.move_writer(settings.secondary, through=settings.secondary)
    words = shlex.split(shown[0])
    assert words[:3] == ["aws", "dynamodb", "put-item"]
    assert "--condition-expression" in words
    assert '"control#writer"' in words[words.index("--item") + 1]


def test_an_aurora_that_does_not_move_is_told(steps, settings, aws, monkeypatch):
    monkeypatch.setattr(operations, "PAUSE_SECONDS", 0.01)
    aws.moves = False
    with pytest.raises(ExerciseError, match="Aurora does not write in"):
        steps.fail_over(settings.secondary)


def test_a_region_without_a_cluster_is_told(steps, settings, aws):
    del aws.members[settings.secondary.region]
    with pytest.raises(ExerciseError, match="has no cluster in"):
        steps.fail_over(settings.secondary)


def test_while_nobody_writes_nobody_is_named(steps, settings, aws):
    aws.members = dict.fromkeys(aws.members, False)
    assert steps.database_writer(settings.primary) == ""


def test_payments_are_found_by_their_keys_whatever_their_number(steps, settings, aws):
    keys = [f"k{number}" for number in range(250)]
    aws.items |= {world.stored_under(key): {"pk": {"S": world.stored_under(key)}} for key in keys[:240]}
    aws.unprocessed = 1
    assert steps.stored(settings.primary, keys).keys() == set(keys[:240])


def test_payments_of_a_run_under_other_keys_are_found(steps, settings, aws):
    for key, run in (("a", "r1"), ("b", "r1"), ("c", "r2")):
        aws.items[world.stored_under(key)] = {"pk": {"S": world.stored_under(key)}, "drill": {"S": run}}
    assert steps.others(settings.primary, "r1", ["b"]) == {world.stored_under("a")}


def test_the_drill_hashes_keys_as_the_functions_do(steps, settings):
    modules = functions.load("disaster_recovery", "payment")
    hashes = modules.keyed_hash.KeyedHash(Mac, {modules.keyed_hash.VARIABLE: world.HASH_KEY})
    request = modules.payment_request.PaymentRequest("key", hashes.digest("key").hex(), {}, "hash")
    assert steps._stored_under(settings.primary, ["key"]) == {modules.payments._key(request)["pk"]["S"]: "key"}


def test_an_api_is_found_by_its_whole_name(aws, settings):
    assert target.addresses(aws, settings) == {
        region_config.role: f"https://abc.execute-api.{region_config.region}.amazonaws.com/v1"
        for region_config in settings.region_configs
    }


def test_an_api_that_is_not_there_is_told(aws, settings):
    aws.apis = []
    with pytest.raises(ExerciseError, match=r"0 APIs are called .* deploy first"):
        target.api(aws, settings, settings.primary)


def test_on_aws_the_outage_is_a_function_that_may_not_run(aws, settings):
    shown = []
    outage = target.Outage(aws, settings, lambda _what, command: shown.append(command))
    outage.restore()
    assert shown == []  # nothing was cut
    outage.cut()
    outage.restore()
    name = settings.name("function", "payment")
    declared = settings.function_concurrency
    assert declared > 0
    calls = [call for call in aws.calls if call[0] in ("reserve", "restore")]
    assert calls == [("reserve", name, 0), ("reserve", name, declared)]
    assert [shlex.split(command)[2] for command in shown] == ["put-function-concurrency"] * 2


def test_an_outage_ends_with_no_reservation_where_none_is_declared(aws):
    settings, shown = Settings.read({"FUNCTION_CONCURRENCY": "0"}), []
    outage = target.Outage(aws, settings, lambda _what, command: shown.append(command))
    outage.cut()
    outage.restore()
    name = settings.name("function", "payment")
    assert [call for call in aws.calls if call[0] in ("reserve", "restore")] == [
        ("reserve", name, 0),
        ("restore", name),
    ]
    assert [shlex.split(command)[2] for command in shown] == ["put-function-concurrency", "delete-function-concurrency"]


@pytest.mark.parametrize(
    "item", [{"region": {"S": "x"}, "epoch": {"S": "1"}}, {"epoch": {"N": "1"}}, {"region": {"S": "x"}}]
)
def test_a_writer_item_that_says_nothing_is_an_error_that_says_what_to_do(aws, steps, item):
    aws.items["control#writer"] = item
    with pytest.raises(ExerciseError, match="payments are refused: write it again"):
        steps.writer(aws.settings.primary)
