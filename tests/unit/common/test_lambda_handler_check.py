"""A handler that AWS Lambda could not import is refused when it is packed, with the reason in one sentence."""

from pathlib import Path

import pytest

from lib.common import lambda_package
from lib.common.lambda_sources import PackageError

HANDLER = "def handler(event, context):\n    return event\n"


def write(root: Path, handler: str) -> Path:
    """Write a system with one function and return the repository."""
    folder = root / "lambda" / "shop" / "store"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "handler.py").write_text(handler, encoding="utf-8")
    return root


def refusal(root: Path, handler: str) -> str:
    """Return the message with which a handler is refused; nothing is left behind."""
    with pytest.raises(PackageError) as error:
        lambda_package.build("shop", "store", root=write(root, handler))
    assert not list((root / ".local" / "lambda").iterdir())
    return str(error.value)


def test_a_forgotten_dependency_is_noticed(tmp_path: Path) -> None:
    """Although the developer's environment has it: this test imports it itself."""
    message = refusal(tmp_path, "import pytest\n" + HANDLER)
    assert "lambda/shop/store/handler.py cannot be imported: ModuleNotFoundError: No module named 'pytest'" in message


def test_the_message_says_what_to_do(tmp_path: Path) -> None:
    """The file to write is named."""
    assert "A dependency belongs into lambda/shop/store/requirements.txt" in refusal(tmp_path, "import pytest\n")


def test_the_message_says_where(tmp_path: Path) -> None:
    """File and line of the package, without the scratch folder's name."""
    assert "(handler.py, line 3)" in refusal(tmp_path, HANDLER + "import pytest\n")


def test_a_syntax_error_is_noticed(tmp_path: Path) -> None:
    """With the same words and the same place as Python's."""
    message = refusal(tmp_path, "x = 1\ndef handler(:\n")
    assert "SyntaxError: invalid syntax (handler.py, line 2)" in message


def test_the_repository_cannot_be_imported(tmp_path: Path) -> None:
    """Code of ``lib`` is not on AWS Lambda."""
    assert "No module named 'lib'" in refusal(tmp_path, "import lib.common.region\n" + HANDLER)


@pytest.mark.parametrize("name", ["boto3", "botocore", "dateutil.parser", "urllib3", "s3transfer", "jmespath", "six"])
def test_what_the_runtime_brings_along_can_be_imported(tmp_path: Path, name: str) -> None:
    """It needs no line in requirements.txt."""
    assert lambda_package.build("shop", "store", root=write(tmp_path, f"import {name}\n" + HANDLER)).is_file()


@pytest.mark.parametrize("code", ["", "handler = 3\n", "def main(event, context):\n    pass\n"])
def test_a_module_without_a_handler_is_refused(tmp_path: Path, code: str) -> None:
    """Absent, not callable, or under another name."""
    assert "TypeError: it has no function named 'handler'. A dependency" in refusal(tmp_path, code)


@pytest.mark.parametrize("code", ["raise SystemExit(0)\n", "import os\nos._exit(0)\n"])
def test_a_handler_that_ends_the_process_is_refused(tmp_path: Path, code: str) -> None:
    """Although the process says that all is well."""
    assert "cannot be imported: it ends the process" in refusal(tmp_path, code)


def test_the_developer_s_variables_are_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that needs one while it is imported fails here as it does on another machine."""
    monkeypatch.setenv("DATABASE_HOST", "localhost")
    message = refusal(tmp_path, "import os\nHOST = os.environ['DATABASE_HOST']\n" + HANDLER)
    assert "KeyError: 'DATABASE_HOST' (handler.py, line 2)" in message


def test_the_developer_s_aws_settings_are_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from the environment nor from the home folder: its region is not the deployment's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "visible")
    code = "import os\nassert not [name for name in os.environ if 'AWS' in name]\n"
    code += "import pwd\nassert os.path.expanduser('~') != pwd.getpwuid(os.getuid()).pw_dir\n"
    code += "assert not os.path.exists(os.path.expanduser('~/.aws'))\n"
    assert lambda_package.build("shop", "store", root=write(tmp_path, code + HANDLER)).is_file()


def test_the_handler_s_own_files_are_in_the_current_folder(tmp_path: Path) -> None:
    """As on AWS Lambda."""
    root = write(tmp_path, "open('handler.py').close()\n" + HANDLER)
    assert lambda_package.build("shop", "store", root=root).is_file()


def test_programs_can_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH is the one variable that is passed on."""
    monkeypatch.setenv("PATH", str(tmp_path))
    code = f"import os\nassert os.environ['PATH'] == {str(tmp_path)!r}\n"
    assert lambda_package.build("shop", "store", root=write(tmp_path, code + HANDLER)).is_file()


def test_a_handler_may_print(tmp_path: Path) -> None:
    """What it prints is not taken for an answer, whether it is text or not."""
    code = "import os\nprint('hello')\nos.write(1, b'\\xff')\n"
    assert lambda_package.build("shop", "store", root=write(tmp_path, code + HANDLER)).is_file()


def test_an_endless_import_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop at the top level does not hold up a deployment forever."""
    monkeypatch.setattr(lambda_package, "CHECK_SECONDS", 0.3)
    message = refusal(tmp_path, "while True:\n    pass\n")
    assert "takes more than 0.3 s to import: move its work into functions" in message
