"""A state belongs to one suffix and one pair of regions; one that does not tell its pair is refused."""

import json

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.disaster_recovery.state import file_name, refuse_old

NAME = "disaster-recovery-dev"
PAIR = region.pair({})


def described(regions=()):
    """Return a state that has outputs, or none yet."""
    outputs = zip(("primaryRegion", "secondaryRegion"), regions, strict=False)
    return json.dumps({"version": 4, "outputs": {name: {"value": value} for name, value in outputs}})


def test_two_pairs_and_two_suffixes_share_no_state():
    turned = (PAIR[1], PAIR[0])
    names = {file_name(name, pair) for name in (NAME, f"{NAME}2") for pair in (PAIR, turned)}
    assert len(names) == 4


def test_a_state_of_today_is_taken(tmp_path):
    (tmp_path / f"terraform.{file_name(NAME, PAIR)}").write_text(described(PAIR), encoding="utf-8")
    refuse_old(tmp_path, NAME, PAIR)


@pytest.mark.parametrize("regions", [PAIR, (PAIR[1], PAIR[0])])
def test_an_old_state_is_refused_with_the_command_that_names_it_as_it_describes_itself(tmp_path, regions):
    old = tmp_path / f"terraform.{NAME}.tfstate"
    old.write_text(described(regions), encoding="utf-8")
    with pytest.raises(SettingError) as error:
        refuse_old(tmp_path, NAME, PAIR)
    assert f"mv {old} {tmp_path}/terraform.{file_name(NAME, regions)};" in str(error.value)


@pytest.mark.parametrize("text", ["{}", described(), described(PAIR[:1])])
def test_an_old_state_that_tells_no_pair_is_that_of_the_pair_at_hand(tmp_path, text):
    (tmp_path / f"terraform.{NAME}.tfstate").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=file_name(NAME, PAIR)):
        refuse_old(tmp_path, NAME, PAIR)
