"""A value comes from the environment, Pulumi's configuration, the environment's file or the default, in this order."""

from dataclasses import replace
from pathlib import Path

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.common.setting_types import FLAG, Setting, choice, number
from lib.common.settings import DatabaseSettings
from lib.common.system_settings import SystemSettings

ELSEWHERE = next(name for name in sorted(region.known()) if name != region.primary({}))
OWN = "retain_data = false\nlog_days = 14\napply_immediately = false\nbackup_days = 7\nslow = true\n"


class Example(DatabaseSettings):
    """A system with a few settings of its own."""

    system, bucket_base = "example-api", "example-logs"
    nat_per_zone = Setting(FLAG, "one for each zone", default=False)
    slow = Setting(FLAG, "differs from environment to environment")
    image = Setting(choice("", "v1"), "what runs", "")
    database_port = Setting(number(1150, 65535), "the port", 5432)


@pytest.fixture(autouse=True)
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of the system's dev environment, in a folder of its own."""
    folder = tmp_path / "lib" / "example_api" / "environments"
    folder.mkdir(parents=True)
    (tmp_path / "lib" / "AWS_REGION").write_text(region.primary({}))
    monkeypatch.setattr(region, "FOLDER", tmp_path / "lib")
    file = folder / "dev.toml"
    file.write_text(OWN)
    return file


def test_a_variable_has_the_attributes_name_and_a_key_for_pulumi() -> None:
    """One name in three spellings."""
    setting = Example.declared()["nat_per_zone"]
    assert (setting.variable, setting.pulumi_key) == ("NAT_PER_ZONE", "natPerZone")


def test_a_setting_of_two_systems_has_one_name() -> None:
    """A second name would rename it in the first system."""
    with pytest.raises((TypeError, RuntimeError)):  # Python 3.11 wraps what __set_name__ raises
        type("Other", (SystemSettings,), {"port": Example.database_port})

    class Copied(SystemSettings):
        port = replace(Example.database_port)

    assert (Copied.port.variable, Example.database_port.variable) == ("PORT", "DATABASE_PORT")


def test_the_default_counts_where_nothing_else_does() -> None:
    """Its type is that of the setting."""
    assert Example.read({}).database_port == 5432


def test_the_environments_file_overrides_the_default(dev: Path) -> None:
    """A value for one environment is one line."""
    dev.write_text(f"{OWN}database_port = 6000\n")
    assert Example.read({}).database_port == 6000


def test_the_environment_overrides_the_file() -> None:
    """And an empty variable, which CI systems set, does not."""
    assert (Example.read({"SLOW": "false"}).slow, Example.read({"SLOW": ""}).slow) == (False, True)


def test_another_environment_reads_another_file(dev: Path) -> None:
    """The variable chooses it."""
    dev.with_name("production.toml").write_text(OWN.replace("14", "365"))
    assert (Example.read({}).log_days, Example.read({"ENVIRONMENT": "production"}).log_days) == (14, 365)


@pytest.mark.parametrize("key", ["databse_port", "DATABASE_PORT", "environment", "environment_suffix", "aws_region"])
def test_a_key_of_the_file_that_means_nothing_is_refused(dev: Path, key: str) -> None:
    """With those that do; suffix and region have their own places, and the environment chooses the file."""
    dev.write_text(f'{OWN}{key} = "1"\n')
    with pytest.raises(
        SettingError, match=rf"lib/example_api/environments/dev\.toml: {key} is not a setting of .*database_port"
    ):
        Example.read({})


def test_a_key_that_the_file_lacks_is_named(dev: Path) -> None:
    """With what it is and what it takes."""
    dev.write_text(OWN.replace("slow = true\n", ""))
    with pytest.raises(SettingError, match=r"dev\.toml has no slow \(differs .*\): write it there, `true`, `false`"):
        Example.read({})


def test_a_system_whose_environments_differ_in_nothing_needs_no_file(dev: Path) -> None:
    """Every setting has a default; where one has none, the file's first key is named."""

    class Plain(SystemSettings):
        system = "example-api"

    dev.unlink()
    assert Plain.read({}).environment == "dev"
    with pytest.raises(SettingError, match=r"lib/example_api/environments/dev\.toml has no retain_data"):
        Example.read({})


def test_a_file_that_cannot_be_read_is_named(dev: Path) -> None:
    """In a sentence that says why."""
    dev.write_text("slow =")
    with pytest.raises(SettingError, match=r"lib/example_api/environments/dev\.toml cannot be read as TOML: "):
        Example.read({})


def test_a_value_of_the_file_is_refused_with_its_place(dev: Path) -> None:
    """As that of a variable is, in the same words."""
    dev.write_text(f"{OWN}database_port = 80\n")
    with pytest.raises(
        SettingError, match=r"^lib/example_api/environments/dev\.toml: database_port='80' is refused: use a whole"
    ):
        Example.read({})


def test_settings_of_the_same_values_are_equal_and_cannot_be_changed() -> None:
    """A value has been validated with all others."""
    settings = Example.read({})
    assert settings == Example.read({"DATABASE_PORT": "5432"}) != Example.read({"DATABASE_PORT": "5433"})
    with pytest.raises(AttributeError):
        settings.values = {}  # type: ignore[misc]


def test_another_major_version_is_allowed_by_nobody_unless_it_is_said() -> None:
    """It is upgraded by no slip."""
    assert Example.read({}).allow_major_version_upgrade is False


def test_another_major_version_is_made_at_once() -> None:
    """Where changes wait, the parameter group that the database still uses could not be deleted."""
    with pytest.raises(
        SettingError, match="ALLOW_MAJOR_VERSION_UPGRADE='true' is refused with APPLY_IMMEDIATELY=false"
    ):
        Example.read({"ALLOW_MAJOR_VERSION_UPGRADE": "true"})
    allowed = Example.read({"ALLOW_MAJOR_VERSION_UPGRADE": "true", "APPLY_IMMEDIATELY": "true"})
    assert allowed.allow_major_version_upgrade is True


def test_the_stacks_configuration_overrides_the_file() -> None:
    """Under the key that stands for the variable."""
    assert Example.of_stack("dev", {"databasePort": "6000", "slow": "false"}, {}).values["database_port"] == 6000


@pytest.mark.parametrize(("given", "port"), [("7000", 7000), ("", 6000)])
def test_the_environment_overrides_the_configuration(given: str, port: int) -> None:
    """An empty variable overrides nothing."""
    assert Example.of_stack("dev", {"databasePort": "6000"}, {"DATABASE_PORT": given}).database_port == port


def test_the_stacks_name_gives_the_suffix() -> None:
    """What follows the system in it."""
    assert Example.of_stack("pr-7", {}, {}).suffix == "pr-7"


@pytest.mark.parametrize("key", ["databsePort", "DATABASE_PORT", "environmentSuffix", "awsRegion", "path"])
def test_a_key_of_the_configuration_that_means_nothing_is_refused(key: str) -> None:
    """With those that do."""
    with pytest.raises(SettingError, match=rf"tap:{key} is not a setting of example-api.*databasePort"):
        Example.of_stack("dev", {key: "1"}, {})


def test_another_suffix_than_the_stacks_is_refused() -> None:
    """In the environment, where a shell of another deployment has left it."""
    with pytest.raises(SettingError, match="ENVIRONMENT_SUFFIX='dev2' does not fit the Pulumi stack example-api-dev"):
        Example.of_stack("dev", {}, {"ENVIRONMENT_SUFFIX": "dev2"})


def test_the_region_of_the_environment_is_passed_on() -> None:
    """Of the process that runs Pulumi."""
    assert Example.of_stack("dev", {}, {"AWS_REGION": ELSEWHERE}).region == ELSEWHERE


def test_the_tags_are_complete() -> None:
    """Four tags for people and two for discovery."""
    assert Example.read({"ENVIRONMENT_SUFFIX": "pr-1"}).tags == {
        "System": "example-api",
        "EnvironmentSuffix": "pr-1",
        "Environment": "dev",
        "Project": "example-api",
        "Repository": "tap",
        "Author": "tap-maintainers",
    }


@pytest.mark.parametrize("tag", ["Project", "Repository", "Author"])
def test_a_tag_can_be_chosen(tag: str) -> None:
    """The variable has the tag's name in capitals; an empty one changes nothing."""
    assert Example.read({tag.upper(): "chosen"}).tags[tag] == "chosen"
    assert Example.read({tag.upper(): ""}).tags == Example.read({}).tags


def test_the_environment_cannot_hide_a_system_from_discovery() -> None:
    """What discovery looks for comes from the program alone."""
    assert Example.read({"SYSTEM": "x", "ENVIRONMENTSUFFIX": "x"}).tags == Example.read({}).tags


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument, the process's own variables count."""
    monkeypatch.setenv("AUTHOR", "ada")
    assert Example.read().author == "ada"


@pytest.mark.parametrize(
    ("environ", "sentences"),
    [
        ({}, 0),
        ({"LOG_DAYS": "14", "ENVIRONMENT": "dev", "ENVIRONMENT_SUFFIX": "live", "AWS_REGION": ELSEWHERE}, 0),
        ({"LOG_DAYS": "", "PATH": "/bin"}, 0),
        ({"IMAGE": "v1", "LOG_DAYS": "30"}, 2),
    ],
)
def test_what_only_the_shell_says_is_known(environ: dict[str, str], sentences: int) -> None:
    """The next deployment may come from another shell; region, suffix and environment have rules of their own."""
    assert len(Example.read(environ).from_shell) == sentences


def test_what_the_shell_overrides_is_named_with_both_values() -> None:
    """Also where the stack's configuration says it, and not the file."""
    assert Example.read({"LOG_DAYS": "30"}).from_shell == (
        "LOG_DAYS='30' is from the environment in the place of '14': a deployment without it takes it back.",
    )
    (sentence,) = Example.of_stack("dev", {"databasePort": "6000"}, {"DATABASE_PORT": "7000"}).from_shell
    assert sentence.startswith("DATABASE_PORT='7000' is from the environment in the place of '6000':")
    assert Example.of_stack("dev", {"databasePort": "6000"}, {}).from_shell == ()


def test_names_hold_the_system_the_part_and_the_suffix() -> None:
    """And the region, where AWS has one name space for all of them."""
    settings = Example.read({"ENVIRONMENT_SUFFIX": "pr-7"})
    assert (settings.name("queue", "dead"), settings.name("queue")) == ("example-api-dead-pr-7", "example-api-pr-7")
    assert settings.name("role", where=ELSEWHERE) == f"example-api-{region.short(ELSEWHERE)}-pr-7"


def test_a_buckets_name_holds_account_and_region() -> None:
    """A placeholder counts as the twelve digits that it stands for."""
    settings, token = Example.read({"ENVIRONMENT_SUFFIX": "x" * 20}), "${Token[AWS.AccountId.0]}"
    ending = f"{settings.region}-{settings.suffix}"
    assert settings.bucket("1" * 12) == f"example-logs-{'1' * 12}-{ending}"
    assert settings.bucket(token, "events") == f"events-{token}-{ending}"
    with pytest.raises(SettingError, match="shorten"):
        settings.bucket(token, "x" * 30)
