"""``scripts/check`` and ``scripts/test`` look at the same with the same tools; between commits pylint looks at less."""

import subprocess
import sys

import pytest

from scripts import check, lints, run_tests
from scripts.lints import Check

NOTHING: set[str] = set()


@pytest.fixture
def seen(monkeypatch):
    """The checks that a command runs, none of which is run."""
    titles = []
    monkeypatch.setattr(lints, "run", lambda one: titles.append(one) or True)
    monkeypatch.setattr(lints, "changed", lambda: {"lib/common/errors.py"})
    return titles


def commands(checks):
    """Return every command of some checks but that of pytest."""
    return [command for one in checks for command in one.commands if "pytest" not in command]


def test_all_of_it_is_what_a_commit_has_to_pass(seen):
    assert check.main(["--all"]) == 0
    alone = commands(seen)
    seen.clear()
    assert run_tests.main([]) == 0
    assert sorted(map(tuple, commands(seen))) == sorted(map(tuple, alone))


@pytest.mark.parametrize("name", ["ruff", "mypy", "pylint"])
def test_every_tool_sees_every_folder(seen, name):
    check.main(["--all"])
    given = {word for command in commands(seen) if name in command for word in command}
    assert {"lib", "tap.py"} <= given
    assert any(word.endswith("handler.py") or word == "lambda" for word in given)


def test_pylint_sees_what_differs_from_main_and_the_others_everything(seen):
    check.main([])
    pylint = [command for command in commands(seen) if "pylint" in command]
    assert [command[-1] for command in pylint] == ["lib/common/errors.py"]
    assert any("lib" in command for command in commands(seen) if "mypy" in command)


@pytest.mark.parametrize("name", lints.SETTINGS)
def test_what_settles_the_rules_makes_it_look_at_everything(seen, monkeypatch, capsys, name):
    monkeypatch.setattr(lints, "changed", lambda: {name})
    check.main([])
    assert f"{name} differs from main" in capsys.readouterr().out
    assert any("lib" in command for command in commands(seen) if "pylint" in command)


def test_where_nothing_differs_pylint_has_nothing_to_do():
    assert lints.of_pylint(NOTHING) == []
    assert lints.of_pylint({"README.md", "lib/that_is_gone.py"}) == []


def test_a_changed_function_and_a_changed_test_are_seen_by_their_own_rules():
    function = lints.functions()[0][0][0]
    first, second = lints.of_pylint({function, "tests/conftest.py"})[0], lints.of_pylint({"tests/conftest.py"})[0]
    assert first[1].startswith("PYTHONPATH=")
    assert first[-1] == function
    assert any(word.startswith("--disable=missing-docstring") for word in second)


def test_without_a_deployment_no_integration_test_is_started(seen):
    assert run_tests.main(["--fast", "-k", "settings"]) == 0
    (tests,) = [command for one in seen for command in one.commands if "pytest" in command]
    assert tests[-3:] == ["--ignore=tests/integration", "-k", "settings"]
    assert "--cov" not in tests


@pytest.mark.parametrize("code", [0, 1])
def test_one_failure_is_the_verdict(capsys, code):
    checks = [Check("first", [[sys.executable, "-c", "pass"]], {})]
    checks += [Check("both", [[sys.executable, "-c", f"import sys; print('said'); sys.exit({code})"]] * 2, {})]
    assert lints.verdict(checks) == code
    out = capsys.readouterr().out
    assert f"{'✗' if code else '✓'} both" in out
    assert out.count("\nsaid\n") == 2 * code
    assert f"{'FAILED' if code else 'passed'} in" in out


def test_progress_is_counted_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(lints.sys.stdout, "isatty", lambda: True)
    assert lints.run(Check("three", [[sys.executable, "-c", "pass"]] * 3, {}))
    out = capsys.readouterr().out
    assert "\r  three: 0 of 3 ..." in out
    assert "\r✓ three" in out


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a branch beside main."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.com"]

    def run(*words):
        subprocess.run([*git, *words], check=True, capture_output=True)

    run("init", "-b", "main")
    (tmp_path / "old.py").write_text("1\n")
    run("add", ".")
    run("commit", "-m", "one")
    monkeypatch.setattr(lints, "ROOT", tmp_path)
    return tmp_path, run


def test_what_differs_is_what_is_committed_changed_or_new(repository):
    folder, git = repository
    assert lints.changed() == set()
    git("switch", "-c", "branch")
    (folder / "committed.py").write_text("1\n")
    git("add", ".")
    git("commit", "-m", "two")
    (folder / "old.py").write_text("2\n")
    (folder / "new.py").write_text("3\n")
    assert lints.changed() == {"committed.py", "old.py", "new.py"}


def test_without_a_main_everything_is_looked_at(repository):
    _folder, git = repository
    git("branch", "-m", "other")
    assert lints.changed() is None
