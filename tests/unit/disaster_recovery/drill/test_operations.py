"""Each step of a failover is shown as the command that it is, done once, and refused when somebody else was there."""

import shlex

import pytest

from lib.common.errors import ExerciseError
from lib.disaster_recovery.drill import operations, target
from lib.disaster_recovery.drill.operations import FailoverOperations
from lib.disaster_recovery.settings import Settings
from lib.disaster_recovery.writer import ITEMS
from tests.support import functions
from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.memory import Tables
from tests.support.mac import Mac


class Aws:
    """What both regions have: one table, one global database, one API in each region."""

    def __init__(self, settings):
        self.settings, self.calls = settings, []
        self.tables = Tables(settings.name("table"))
        first, second = (region_config.region for region_config in settings.region_configs)
        self.members = {first: True, second: False}
        self.moves, self.lossy = True, None
        self.apis = [{"name": "other", "id": "x"}, {"name": settings.name("api"), "id": "abc"}]

    def __call__(self, service, place):
        self.calls.append((service, place))
        if service != "dynamodb":
            return self
        self.tables.regions[place].get_paginator = self.get_paginator
        return self.tables(service, place)

    def generate_mac(self, *, KeyId, **others):
        assert KeyId == f"alias/{self.settings.name('key_alias', 'hashes')}"
        return Mac().generate_mac(KeyId=world.HASH_KEY, **others)

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
        stored = self.tables.regions[self.settings.primary.region].items.values()
        return [{"Items": [item for item in stored if item.get("drill") == run]}]

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


def settle(aws):
    """Let each region hear of the other one whenever it is asked."""
    for region in aws.tables.regions.values():
        region.before = lambda operation: aws.tables.settle() if operation == "batch_get_item" else None


def test_the_writer_moves_with_a_higher_epoch(steps, settings, aws):
    settle(aws)
    assert steps.writer(settings.secondary) == (settings.primary.region, 0)
    assert steps.move_writer(settings.secondary, through=settings.secondary) == 1
    assert steps.move_writer(settings.primary, through=settings.secondary) == 2
    assert steps.writer(settings.primary) == (settings.primary.region, 2)


def test_the_writer_moves_to_the_survivor_when_the_other_region_is_lost(steps, settings, aws):
    home, survivor = settings.region_configs
    aws.tables.regions[home.region].away = True
    with pytest.raises(ExerciseError, match="--lost"):
        steps.move_writer(survivor, through=survivor)
    assert steps.move_writer(survivor, through=survivor, lost=home.region) == 1


def test_the_writer_can_be_named(steps, settings):
    assert steps.name_writer("nobody", through=settings.primary) == 1
    assert steps.writer(settings.primary) == ("nobody", 1)


def test_items_that_say_something_else_are_counted(steps, settings, aws):
    steps.move_writer(settings.primary, through=settings.primary)
    assert steps.writer_apart(settings.primary) == 0
    del aws.tables.regions[settings.primary.region].items[ITEMS[0]]
    assert steps.writer_apart(settings.primary) == 1


def test_a_pause_ends_when_the_other_region_has_heard_of_it(steps, settings, aws):
    settle(aws)
    assert steps.pause(settings.secondary, settings.primary) == 1
    assert steps.writer(settings.primary) == ("nobody", 1)
    assert steps.move_writer(settings.primary, through=settings.primary) == 2


def test_a_pause_of_which_the_other_region_never_hears_is_told(steps, settings, monkeypatch):
    monkeypatch.setattr(operations, "PAUSE_SECONDS", 0.01)
    with pytest.raises(ExerciseError, match="has not heard of the pause after 0 s, and nobody writes"):
        steps.pause(settings.secondary, settings.primary)


def test_a_pause_that_has_arrived_in_part_is_waited_for(steps, settings, aws, monkeypatch):
    """All but the last of the items have."""
    monkeypatch.setattr(operations, "PAUSE_SECONDS", 0.01)
    home, secondary = settings.region_configs
    region = aws.tables.regions[secondary.region]
    region.before = lambda operation: aws.tables.carry(secondary.region) if operation == "put_item" else None
    with pytest.raises(ExerciseError, match="has not heard of the pause"):
        steps.pause(secondary, home)
    assert aws.tables.regions[home.region].items["control#writer"]["region"] == {"S": "nobody"}


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
    region = aws.tables.regions[settings.primary.region]
    region.items |= {world.stored_under(key): {"pk": {"S": world.stored_under(key)}} for key in keys[:240]}
    region.left_over = 1
    assert steps.stored(settings.primary, keys).keys() == set(keys[:240])


def test_payments_of_a_run_under_other_keys_are_found(steps, settings, aws):
    for key, run in (("a", "r1"), ("b", "r1"), ("c", "r2")):
        aws.tables.regions[settings.primary.region].items[world.stored_under(key)] = {
            "pk": {"S": world.stored_under(key)},
            "drill": {"S": run},
        }
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
