"""The stack as a whole: state, providers, outputs, an order that Terraform can follow."""

import graphlib
import json
from pathlib import Path

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.disaster_recovery import stack, state
from tests.support.disaster_recovery import ROLES, configuration, make_app, production, references, synthesise

OUTPUTS = {
    "primaryRegion",
    "secondaryRegion",
    "apiUrlPrimary",
    "apiUrlSecondary",
    "tableName",
    "globalClusterId",
    "clusterPrimary",
    "clusterSecondary",
    "functionPrimary",
    "functionSecondary",
    "hostname",
    "topicArnPrimary",
    "topicArnSecondary",
}


def test_the_state_is_beside_the_program_by_default():
    backend = configuration(ENVIRONMENT_SUFFIX="pr-8").json["terraform"]["backend"]
    assert list(backend) == ["local"]
    path = Path(backend["local"]["path"])
    pair = ".".join(region.pair({}))
    assert (path.parent, path.name) == (state.ROOT, f"terraform.disaster-recovery-pr-8.{pair}.tfstate")


def test_the_state_can_lie_in_s3_encrypted_and_locked_by_s3_itself():
    backend = configuration(STATE_BUCKET="our-states").json["terraform"]["backend"]
    assert backend == {
        "s3": {
            "bucket": "our-states",
            "key": f"disaster-recovery-dev.{'.'.join(region.pair({}))}.tfstate",
            "region": region.pair({})[1],
            "encrypt": True,
            "use_lockfile": True,
        }
    }


def test_terraform_is_new_enough_for_what_it_must_not_remember():
    assert configuration().json["terraform"]["required_version"] == ">= 1.11.0"


@pytest.mark.parametrize("role", ROLES)
def test_each_region_has_its_provider(role):
    assert configuration().alias(role)["region"] == region.pair({})[ROLES.index(role)]


def test_every_resource_names_its_provider():
    """Without, Terraform would take a default one, of whatever region the environment says.

    What Terraform keeps in its state alone has a provider that is built in.
    """
    aliases = {f"aws.{provider['alias']}" for provider in production().json["provider"]["aws"]}
    own = [resource for resource in production().resources if resource.kind != "terraform_data"]
    assert {resource["provider"] for resource in own} == aliases
    looked_up = [v["provider"] for kind in production().json["data"].values() for v in kind.values()]
    assert set(looked_up) <= aliases


def test_both_regions_have_the_same_parts():
    first, second = (
        [r.kind for r in production().resources if r.values.get("provider") == f"aws.{role}"] for role in ROLES
    )
    once = {
        "aws_dynamodb_table",
        "aws_rds_global_cluster",
        "aws_secretsmanager_secret",
        "aws_vpc_peering_connection",
        "aws_secretsmanager_secret_version",
        "aws_route53_health_check",
        "aws_route53_record",
    }
    accepting = "aws_vpc_peering_connection_accepter"
    second = ["aws_kms_key" if kind == "aws_kms_replica_key" else kind for kind in second if kind != accepting]
    assert sorted(kind for kind in first if kind not in once) == sorted(second)


def test_outputs_are_those_of_the_contract():
    assert set(configuration().json["output"]) == OUTPUTS
    assert configuration().json["output"]["hostname"] == {"value": ""}
    assert production().json["output"]["hostname"] == {"value": "pay.example.org"}


def test_terraform_finds_an_order():
    """No circle of references, and none to something that is not there."""
    found = production().json
    every = {f"{kind}.{name}": values for kind, named in found["resource"].items() for name, values in named.items()}
    for prefix in ("data", "ephemeral"):
        named = found[prefix].items()
        every |= {f"{prefix}.{kind}.{name}": values for kind, names in named for name, values in names.items()}
    graph = {address: references(values) for address, values in every.items()}
    assert set().union(*graph.values()) <= set(every)
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert len(order) == len(every) > 240


def test_a_reference_to_nothing_would_be_seen():
    assert references({"a": "${aws_kms_key.lost.arn}"}) == {"aws_kms_key.lost"}


def test_two_syntheses_are_the_same_to_the_byte():
    assert synthesise({}).read_bytes() == synthesise({}).read_bytes()


def test_a_refused_setting_leaves_nothing_behind(tmp_path):
    with pytest.raises(SettingError):
        stack.build(app := make_app(tmp_path), {"ZONES": "7"})
    assert app.node.children == []


def test_the_environment_is_where_settings_come_from(monkeypatch, tmp_path):
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "pr-9")
    app = make_app(tmp_path)
    stack.build(app)
    app.synth()
    text = (tmp_path / "stacks/disaster-recovery-pr-9/cdk.tf.json").read_text(encoding="utf-8")
    assert json.loads(text)["output"]["primaryRegion"]["value"] == region.primary()
