"""Only dev, only suffixes of the command's own, and nothing that would keep its data, is deployed and destroyed."""

import pytest

import tap
from lib.common.errors import SettingError
from lib.verify_on_aws import case
from tests.support.check_account import HERE, HOME, THERE


@pytest.fixture(params=tap.SYSTEMS)
def system(request):
    return request.param


def test_each_system_has_a_change_of_a_setting_that_dev_does_not_have(system):
    chosen = case.read(system, "verify-1", {})
    settings = case.settings_of(system)
    before, after = settings.read({"ENVIRONMENT": "dev"}), settings.read({"ENVIRONMENT": "dev", **chosen.change})
    changed = {name for name, value in after.values.items() if value != before.values[name]}
    assert changed == {name.lower() for name in chosen.change}
    assert len(changed) == 1


def test_it_is_dev_under_the_suffix(system):
    chosen = case.read(system, "verify-1", {"PATH": "p"})
    assert chosen.stack == f"{system}-verify-1"
    assert {
        "ENVIRONMENT": "dev",
        "ENVIRONMENT_SUFFIX": "verify-1",
        "TAP_SYSTEM": system,
        "PATH": "p",
    } == chosen.environ
    assert chosen.regions == ((HERE, THERE, HOME) if tap.SYSTEMS[system].regions == 2 else (HERE,))


def test_a_fresh_suffix_is_one_of_the_commands_own():
    suffixes = {case.fresh_suffix() for _ in range(20)}
    assert len(suffixes) == 20
    assert all(case.SUFFIX.fullmatch(one) for one in suffixes)


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_another_environment_is_refused(system, environment):
    with pytest.raises(SettingError, match=f"ENVIRONMENT='{environment}' is refused"):
        case.read(system, "verify-1", {"ENVIRONMENT": environment})


@pytest.mark.parametrize(
    "suffix", ["live", "dev", "verify-", "verify", "verify-1-live", "verify-A", "verify-1234567890123"]
)
def test_somebody_elses_suffix_is_refused(suffix):
    with pytest.raises(SettingError, match="no other stack is destroyed"):
        case.read("payment", suffix, {})


@pytest.mark.parametrize("name", ["RETAIN_DATA", "DELETION_PROTECTION"])
def test_what_would_keep_data_is_refused(system, name):
    with pytest.raises(SettingError, match=f"^{name} would keep"):
        case.read(system, "verify-1", {name: "true"})


def test_a_setting_that_is_not_valid_is_refused():
    with pytest.raises(SettingError, match="LOG_DAYS"):
        case.read("payment", "verify-1", {"LOG_DAYS": "2"})


def test_a_system_without_a_change_is_told_where_to_write_it(monkeypatch, tmp_path):
    monkeypatch.setattr(case, "SYSTEMS", tmp_path)
    with pytest.raises(SettingError, match=r"payment\.toml is missing in lib/verify_on_aws/systems"):
        case.read("payment", "verify-1", {})
