"""Loads Lambda functions as AWS does: the folder's files beside each other at the top of the path."""

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent.parent


def load(system: str, function: str) -> SimpleNamespace:
    """Import a function's modules afresh and return them by name: ``load("kinesis_pipeline", "consumer").handler``.

    ``lambda`` is a keyword, so the folder cannot be imported as a package; and two functions have modules
    of the same name, so nothing of them stays in ``sys.modules``.
    """
    folders = [ROOT / "lambda" / system / function, ROOT / "lambda" / system / "shared"]
    names = [path.stem for folder in folders for path in sorted(folder.glob("*.py"))]
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        modules: dict[str, ModuleType] = {name: importlib.import_module(name) for name in names}
    finally:
        del sys.path[: len(folders)]
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)
    return SimpleNamespace(**modules)


class Context:
    """The part of Lambda's context that functions use."""

    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:test"
    aws_request_id = "test"

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the time limit."""
        return int(self.seconds * 1000)
