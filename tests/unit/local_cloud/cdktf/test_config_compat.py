"""The copy for the emulator and the old provider differs from the stack in what the tables list alone."""

import copy
import json
import re

import pytest

from lib.local_cloud.cdktf import config_compat
from lib.local_cloud.cdktf.config_compat import PASSWORD, Target, step_down
from lib.local_cloud.cdktf.legacy_provider import rewrites
from tests.support import disaster_recovery as stack

TARGET = Target("http://127.0.0.1:1", "/cloud/state")


@pytest.fixture(scope="module")
def synthesised():
    return stack.configuration(ENVIRONMENT_SUFFIX="down").json


@pytest.fixture(scope="module")
def result(synthesised):
    return step_down(synthesised, TARGET, old=True)


def named(found, kind):
    return found[0]["resource"][kind]


def test_every_step_finds_something_in_the_stack(result):
    wanted = [what for what, _why, _change in (*config_compat.ALWAYS, *config_compat.STEPS)]
    assert [what for what, _why, _names in result[1]] == wanted
    assert all(why and names for _what, why, names in result[1])


def test_the_stack_itself_stays_as_it_is(synthesised):
    before = copy.deepcopy(synthesised)
    step_down(synthesised, TARGET, old=True)
    assert synthesised == before


def test_the_pinned_provider_gets_what_the_emulator_cannot_do_and_no_more(synthesised):
    found, changes = step_down(synthesised, TARGET, old=False)
    assert [what for what, _why, _names in changes] == [what for what, _why, _change in config_compat.ALWAYS]
    assert found["ephemeral"] == synthesised["ephemeral"]
    assert found["provider"] == synthesised["provider"]
    assert found["terraform"]["required_providers"] == synthesised["terraform"]["required_providers"]


def test_the_state_ends_with_the_cloud(result):
    assert result[0]["terraform"]["backend"] == {"local": {"path": "/cloud/state"}}


def test_every_provider_is_led_to_the_emulator(result):
    for provider in result[0]["provider"]["aws"]:
        assert set(provider["endpoints"][0].values()) == {TARGET.url}
    assert result[0]["terraform"]["required_providers"]["aws"]["version"] == rewrites.PROVIDER


def test_the_password_is_a_variable_that_is_nowhere_written(result):
    text = json.dumps({name: part for name, part in result[0].items() if name != "//"})
    assert "ephemeral" not in text
    assert "_wo" not in text
    assert result[0]["variable"] == {PASSWORD: {"type": "string", "sensitive": True}}
    passwords = [c["master_password"] for c in named(result, "aws_rds_cluster").values() if "master_password" in c]
    assert passwords == [f"${{var.{PASSWORD}}}"]
    (version,) = named(result, "aws_secretsmanager_secret_version").values()
    assert f"password = var.{PASSWORD}" in version["secret_string"]


def test_without_a_password_there_is_no_variable():
    config = {"terraform": {"required_providers": {}}, "provider": {"aws": []}, "resource": {}}
    found, changes = step_down(config, TARGET, old=True)
    assert "variable" not in found
    assert [what for what, _why, _names in changes] == ["state in the local cloud's folder"]


def test_every_function_has_a_runtime_that_the_old_provider_knows(result):
    runtimes = {function["runtime"] for function in named(result, "aws_lambda_function").values()}
    assert runtimes == {rewrites.OLD_RUNTIME}


def test_functions_with_a_database_find_it_where_their_cluster_says(result, synthesised):
    def hosts(functions):
        return [f["environment"]["variables"].get("DB_HOST") for f in functions]

    was = hosts(synthesised["resource"]["aws_lambda_function"].values())
    assert hosts(named(result, "aws_lambda_function").values()) == was
    assert sum("reader_endpoint" in (host or "") for host in was) == 2


@pytest.mark.parametrize(("kind", "path", "_why"), rewrites.LEFT_OUT)
def test_what_the_old_provider_does_not_know_is_gone(result, kind, path, _why):
    def has(block, names):
        if isinstance(block, list):
            return any(has(part, names) for part in block)
        return names[0] in block and (len(names) == 1 or has(block[names[0]], names[1:]))

    assert not any(has(resource, path.split(".")) for resource in named(result, kind).values())


def test_leaving_out_what_is_not_there_changes_nothing():
    block = {"a": [{"b": 1}, {}], "c": {}}
    assert rewrites.leave_out(block, ["x"]) is False
    assert rewrites.leave_out(block, ["c", "d"]) is False
    assert rewrites.leave_out(block, ["a", "b"]) is True
    assert block == {"a": [{}, {}], "c": {}}


def test_what_cannot_be_read_again_is_not_compared(result, synthesised):
    (cluster, *_rest) = named(result, "aws_rds_cluster").items()
    before = synthesised["resource"]["aws_rds_cluster"][cluster[0]]["lifecycle"]["ignore_changes"]
    assert cluster[1]["lifecycle"]["ignore_changes"] == [*before, "enabled_cloudwatch_logs_exports"]


def test_what_is_not_compared_already_is_named_once():
    kind, arguments, _why = rewrites.UNREAD[-1]
    config = {"resource": {kind: {"x": {"lifecycle": {"ignore_changes": list(arguments)}}}}}
    config_compat._ignore(kind, arguments)(config, TARGET)
    assert config["resource"][kind]["x"]["lifecycle"]["ignore_changes"] == list(arguments)


def test_a_rule_of_a_group_says_the_same_in_the_old_way(result, synthesised):
    new = synthesised["resource"]["aws_vpc_security_group_ingress_rule"]
    old = named(result, rewrites.RULE)
    for name, rule in new.items():
        plain = old[name]
        assert plain["type"] == "ingress"
        assert (plain["protocol"], plain["from_port"], plain["to_port"]) == (
            rule["ip_protocol"],
            rule["from_port"],
            rule["to_port"],
        )
        assert plain.get("cidr_blocks", [None]) == [rule.get("cidr_ipv4")]
        assert plain.get("source_security_group_id") == rule.get("referenced_security_group_id")
    assert {rule["type"] for rule in old.values()} == {"ingress", "egress"}


def test_a_bucket_keeps_versions_is_encrypted_and_forgets(result, synthesised):
    for name, bucket in named(result, "aws_s3_bucket").items():
        assert bucket["versioning"] == [{"enabled": True}]
        (rule,) = bucket["server_side_encryption_configuration"][0]["rule"]
        assert rule["apply_server_side_encryption_by_default"][0]["sse_algorithm"] == "aws:kms"
        (expiry,) = bucket["lifecycle_rule"]
        assert expiry["enabled"] is True
        (was,) = [
            part["rule"][0]["expiration"]
            for part in synthesised["resource"][rewrites.LIFECYCLE].values()
            if name in part["bucket"]
        ]
        assert expiry["expiration"] == was


def test_a_lifecycle_rule_may_have_one_part_alone():
    assert rewrites._lifecycle({"rule": [{"id": "a", "status": "Disabled"}]}) == {
        "lifecycle_rule": [{"id": "a", "enabled": False}]
    }


def test_nothing_refers_to_what_is_gone(result):
    declared = {f"{kind}.{name}" for kind, names in result[0]["resource"].items() for name in names}
    declared |= {f"data.{kind}.{name}" for kind, names in result[0]["data"].items() for name in names}
    assert stack.references(result[0]["resource"]) <= declared


def test_a_nested_path_is_written_as_the_emulator_keeps_it(result, synthesised):
    settings = "aws_api_gateway_method_settings"
    before = {r["method_path"] for r in synthesised["resource"][settings].values()}
    assert before == {"*/*", "~1health~1ready/GET"}
    assert {r["method_path"] for r in named(result, settings).values()} == {"*/*", "health/ready/GET"}


def moved(text):
    """Return a text with the key of the hashes where the old provider looks it up."""
    return re.sub(r"(?<=[{])aws_kms_(?:replica_)?key[.](?=keys-hashes)", "data.aws_kms_key.", text)


def test_the_key_of_the_hashes_is_looked_up_by_its_alias_in_each_region(result, synthesised):
    found = result[0]["data"]["aws_kms_key"]
    assert {key["provider"] for key in found.values()} == {"aws.primary", "aws.secondary"}
    aliases = {body["name"] for body in synthesised["resource"]["aws_kms_alias"].values()}
    (alias,) = {key["key_id"] for key in found.values()}
    assert alias in aliases
    assert alias not in {body["name"] for body in named(result, "aws_kms_alias").values()}
    assert "aws_kms_replica_key" not in json.dumps(result[0])


def test_only_the_policy_that_the_emulator_cannot_read_is_wider(result, synthesised):
    for name, policy in named(result, "aws_iam_role_policy").items():
        was = json.loads(moved(synthesised["resource"]["aws_iam_role_policy"][name]["policy"]))["Statement"]
        now = json.loads(policy["policy"])["Statement"]
        differing = [new for old, new in zip(was, now, strict=True) if old != new]
        assert all(found["Action"] == ["rds:DescribeGlobalClusters"] for found in differing)
        assert all(found["Resource"] == ["*"] for found in differing)
