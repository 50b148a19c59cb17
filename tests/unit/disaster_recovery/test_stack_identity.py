"""Terraform's state keeps what was deployed first, and a deployment names what only its shell says."""

import pytest

from tests.support.disaster_recovery import configuration, synthesise
from tests.support.production import ON_DUTY, PRODUCTION

LIVE = {**PRODUCTION, "ENVIRONMENT_SUFFIX": "live"}


def identity(**environ):
    return configuration(**environ).one("terraform_data", part="identity")


def test_the_first_identity_is_kept():
    kept = identity(**LIVE)
    assert kept["lifecycle"]["ignore_changes"] == ["input"]
    assert set(kept["input"]) == {"environment", "region", "second_region", "account"}
    assert kept["input"]["environment"] == "production"


@pytest.mark.parametrize("name", ["environment", "region", "second_region", "account"])
def test_each_part_of_it_is_compared(name):
    (condition,) = identity(**LIVE)["lifecycle"]["postcondition"]
    assert f"self.output.{name} == " in condition["condition"]


def test_a_change_that_is_said_to_be_meant_is_not_compared():
    assert "lifecycle" not in identity(**LIVE, ENVIRONMENT_BEFORE="staging").values


@pytest.mark.parametrize("name", ["vpc_cidr", "vpc_cidr_dr"])
@pytest.mark.parametrize("meant", [{}, {"ENVIRONMENT_BEFORE": "staging"}])
def test_a_network_is_kept_whatever_is_said_to_be_meant(name, meant):
    kept = configuration(**LIVE, **meant).one("terraform_data", part=f"identity-{name}")
    (condition,) = kept["lifecycle"]["postcondition"]
    assert kept["lifecycle"]["ignore_changes"] == ["input"]
    assert condition["condition"] == f'${{self.output.{name} == "{kept["input"][name]}"}}'
    assert condition["error_message"].startswith(
        f"disaster-recovery-live is deployed with {name.upper()}='${{self.output.{name}}}', and {name.upper()}='10."
    )


def test_what_only_the_shell_says_is_told_where_it_matters(monkeypatch):
    sentences = []
    monkeypatch.setattr("cdktf.Annotations.add_info", lambda _self, sentence: sentences.append(sentence))
    synthesise({"ENVIRONMENT": "dev", "LOG_DAYS": "3"})
    synthesise({**PRODUCTION, "LOG_DAYS": "7"})
    told = [sentence for sentence in sentences if not sentence.startswith(tuple(f"tap: {name}=" for name in ON_DUTY))]
    assert len(told) == 1
    assert told[0].startswith("tap: LOG_DAYS='7' is from the environment in the place of ")
