"""Every resource can be found by its tags, and no value that AWS refuses is sent."""

import pytest

from lib.common.errors import SettingError
from lib.common.tags import Tags


def test_the_defaults_are_complete() -> None:
    """Four tags for people and two for discovery."""
    assert Tags.read("payment", "pr-1", {}).values == {
        "System": "payment",
        "EnvironmentSuffix": "pr-1",
        "Environment": "dev",
        "Project": "payment",
        "Repository": "tap",
        "Author": "tap-maintainers",
    }


@pytest.mark.parametrize("tag", ["Environment", "Project", "Repository", "Author"])
def test_a_system_has_its_own_defaults(tag: str) -> None:
    """Flask's are ``production`` and ``ecommerce-api``."""
    assert Tags.read("flask-api", "dev", {}, **{tag: "its own"}).values[tag] == "its own"


@pytest.mark.parametrize("tag", ["Environment", "Project", "Repository", "Author"])
def test_the_environment_overrides_every_default(tag: str) -> None:
    """The variable has the tag's name in capitals, and wins over the system's default."""
    assert Tags.read("flask-api", "dev", {tag.upper(): "chosen"}, **{tag: "its own"}).values[tag] == "chosen"


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument, the process's own variables count."""
    monkeypatch.setenv("AUTHOR", "ada")
    assert Tags.read("payment", "dev").values["Author"] == "ada"


def test_an_empty_variable_changes_nothing() -> None:
    """CI systems set unset values to nothing."""
    assert Tags.read("payment", "dev", {"PROJECT": ""}).values["Project"] == "payment"


def test_the_environment_cannot_hide_a_system_from_discovery() -> None:
    """What discovery looks for comes from the program alone."""
    read = Tags.read("payment", "dev", {"SYSTEM": "x", "ENVIRONMENTSUFFIX": "x"}).values
    assert (read["System"], read["EnvironmentSuffix"]) == ("payment", "dev")


@pytest.mark.parametrize("value", ["a b", "team@example.com", "https://host/a_b:c+d=e", "é", "x" * 256])
def test_what_aws_takes_is_taken(value: str) -> None:
    """Letters of any script, digits, spaces and eight marks, up to 256."""
    assert Tags.read("payment", "dev", {"PROJECT": value}).values["Project"] == value


@pytest.mark.parametrize("value", ["a;b", "a\n", "50%", "<x>", "x" * 257, "aws:team", "rds:team"])
def test_what_aws_refuses_is_refused(value: str) -> None:
    """The message names the variable and what it takes."""
    with pytest.raises(SettingError, match=r"PROJECT='.* cannot be a tag: use up to 256"):
        Tags.read("payment", "dev", {"PROJECT": value})
