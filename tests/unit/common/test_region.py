"""The region has one source that the environment overrides, and nothing but an AWS region gets through."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from lib.common import region
from lib.common.errors import SettingError

# Two regions of AWS's main partition, and one of another: taken from the SDK, so that no name is written here.
ONE, TWO, *_ = sorted(name for name, partition in region.known().items() if partition == "aws")
ELSEWHERE = next(name for name, partition in region.known().items() if partition != "aws")


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a folder play lib/, with both files in it."""
    monkeypatch.setattr(region, "FOLDER", tmp_path)
    (tmp_path / "AWS_REGION").write_text(f"{ONE}\n", encoding="utf-8")
    (tmp_path / "AWS_REGION_DR").write_text(f"{TWO}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_file_gives_the_region() -> None:
    """The line's end is no part of the name."""
    assert region.primary({}) == ONE


def test_the_repository_names_two_regions_of_one_partition() -> None:
    """The files of this repository are a pair that can be deployed."""
    first, second = region.pair({})
    assert first == (region.FOLDER / "AWS_REGION").read_text(encoding="utf-8").strip()
    assert second == (region.FOLDER / "AWS_REGION_DR").read_text(encoding="utf-8").strip()


@pytest.mark.usefixtures("folder")
def test_the_environment_overrides_the_file() -> None:
    """What is passed in wins."""
    assert region.primary({"AWS_REGION": TWO}) == TWO


@pytest.mark.usefixtures("folder")
def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument, the process's own variables count."""
    monkeypatch.setenv("AWS_REGION", TWO)
    assert region.primary() == TWO


@pytest.mark.usefixtures("folder")
def test_an_empty_variable_is_no_region() -> None:
    """CI systems set unset secrets to nothing."""
    assert region.primary({"AWS_REGION": ""}) == ONE


def test_a_missing_file_is_named(folder: Path) -> None:
    """The message says which file to write."""
    (folder / "AWS_REGION").unlink()
    with pytest.raises(SettingError, match="lib/AWS_REGION is missing: write"):
        region.primary({})


def test_the_environment_needs_no_file(folder: Path) -> None:
    """An override works where the file was removed."""
    (folder / "AWS_REGION").unlink()
    assert region.primary({"AWS_REGION": ONE}) == ONE


def test_a_misspelt_file_is_refused_with_the_nearest_name(folder: Path) -> None:
    """The message holds the value, where it stands, and what was probably meant."""
    (folder / "AWS_REGION").write_text(ONE + "x", encoding="utf-8")
    with pytest.raises(SettingError, match=f"'{ONE}x' in lib/AWS_REGION .* did you mean '{ONE}'"):
        region.primary({})


@pytest.mark.usefixtures("folder")
def test_a_misspelt_variable_is_named_as_such() -> None:
    """The environment, not the file, is what the user has to correct."""
    with pytest.raises(SettingError, match="in the environment variable AWS_REGION is not an AWS region"):
        region.primary({"AWS_REGION": ONE + "x"})


@pytest.mark.usefixtures("folder")
def test_a_value_like_no_region_gets_no_guess() -> None:
    """Nothing is suggested where nothing is near."""
    with pytest.raises(SettingError, match="write a name from the AWS list of regions"):
        region.primary({"AWS_REGION": "?"})


@pytest.mark.usefixtures("folder")
def test_the_pair_is_both_files() -> None:
    """The order is primary, then secondary."""
    assert region.pair({}) == (ONE, TWO)


@pytest.mark.usefixtures("folder")
def test_the_environment_overrides_each_side_of_the_pair() -> None:
    """Both variables count."""
    assert region.pair({"AWS_REGION": TWO, "AWS_REGION_DR": ONE}) == (TWO, ONE)


@pytest.mark.usefixtures("folder")
def test_a_pair_is_not_one_region_twice() -> None:
    """A copy in the same region is no disaster recovery."""
    with pytest.raises(SettingError, match=f"'{TWO}' twice: write another region into lib/AWS_REGION_DR"):
        region.pair({"AWS_REGION": TWO})


@pytest.mark.usefixtures("folder")
def test_a_pair_does_not_span_partitions() -> None:
    """AWS replicates nothing between, say, the main partition and China."""
    with pytest.raises(SettingError, match=f"'{ELSEWHERE}' in '{region.partition(ELSEWHERE)}'"):
        region.pair({"AWS_REGION_DR": ELSEWHERE})


def test_the_partition_of_a_region_is_its_own() -> None:
    """ARNs start with it."""
    assert (region.partition(ONE), region.partition(ELSEWHERE) == "aws") == ("aws", False)


def test_pseudo_regions_are_not_known() -> None:
    """The SDK's data lists 'aws-global' and its like, where nothing can be deployed."""
    assert not [name for name in region.known() if "global" in name]


def test_without_the_sdk_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare Python sees one sentence, not a traceback from the import machinery."""

    def nothing(_name: str) -> Any:
        return None

    region.known.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    with pytest.raises(SettingError, match=r"botocore is not installed.*run scripts/up"):
        region.known()


def test_host_names_end_as_the_partition_has_it() -> None:
    """China has an ending of its own."""
    china = next(name for name, partition in region.known().items() if partition == "aws-cn")
    assert region.dns_suffix(ONE) == "amazonaws.com"
    assert region.dns_suffix(china) == "amazonaws.com.cn"


def test_what_a_partition_has_once_is_in_a_region_of_its_own() -> None:
    """Checked against another file of the SDK: where requests to Route 53 are signed for."""
    spec = importlib.util.find_spec("botocore")
    assert spec
    assert spec.origin
    text = (Path(spec.origin).parent / "data" / "endpoints.json").read_text(encoding="utf-8")
    signed = {}
    for partition in json.loads(text)["partitions"]:
        for endpoint in partition["services"].get("route53", {"endpoints": {}})["endpoints"].values():
            if "credentialScope" in endpoint:
                signed[partition["partition"]] = endpoint["credentialScope"]["region"]
    assert signed["aws"] != signed["aws-cn"]
    for name, partition in region.known().items():
        if partition in ("aws", "aws-cn", "aws-us-gov"):
            assert region.global_region(name) == signed[partition]


def test_every_region_has_a_short_form_of_its_own_for_names() -> None:
    """Two regions of one short form would share their roles' names."""
    short = {region.short(name) for name in region.known()}
    assert len(short) == len(region.known())
    assert all(form.isalnum() and form.islower() and form[0].isalpha() and len(form) <= 9 for form in short)


def test_the_short_form_is_that_of_zone_ids() -> None:
    """An ending of AWS's own: ``-southeast-1`` is ``se1`` in the zone ID of each continent."""
    southeast = next(name for name in region.known() if name.endswith("-southeast-1"))
    assert region.short(southeast) == southeast.removesuffix("-southeast-1") + "se1"
