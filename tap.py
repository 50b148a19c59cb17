"""TAP's one entry point, for all three engines.

    pulumi up                 Pulumi.yaml calls this file; the stack's name chooses the system
    cdk deploy                cdk.json calls ``python tap.py cdk``
    cdktf deploy              cdktf.json calls ``python tap.py cdktf``

Each call imports one engine and one system.
"""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent
# Pulumi runs this file without its folder on the path.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from lib.common import node  # noqa: E402  # pylint: disable=wrong-import-position
from lib.common.errors import SettingError  # noqa: E402  # pylint: disable=wrong-import-position

ENGINES = {
    "cdk": ("kinesis_pipeline",),
    "cdktf": ("disaster_recovery",),
    "pulumi": ("flask_api", "payment"),
}
USAGE = "Type 'cdk deploy', 'cdktf deploy' or 'pulumi up': each of them calls tap.py in its own way."


def load(folder: str) -> ModuleType:
    """Return a system's ``stack`` module.

    Raises:
        SettingError: the system is not in this checkout.
    """
    if not (ROOT / "lib" / folder / "stack.py").is_file():
        raise SettingError(
            f"The system {folder.replace('_', '-')} is not in this checkout: lib/{folder}/stack.py is missing."
        )
    return importlib.import_module(f"lib.{folder}.stack")


def cdk() -> None:
    """Synthesise the CDK system into the folder that the CDK's command line names."""
    os.environ.update(node.environment())
    engine = importlib.import_module("aws_cdk")
    app = engine.App()
    load(*ENGINES["cdk"]).build(app)
    app.synth()


def cdktf() -> None:
    """Synthesise the CDKTF system."""
    os.environ.update(node.environment())
    load(*ENGINES["cdktf"]).build()


def pulumi() -> None:
    """Declare the Pulumi system that the stack's name begins with.

    Raises:
        SettingError: the name begins with no system's name.
    """
    stack = importlib.import_module("pulumi").get_stack()
    for folder in ENGINES["pulumi"]:
        prefix = folder.replace("_", "-") + "-"
        if stack.startswith(prefix) and stack != prefix:
            load(folder).build(stack.removeprefix(prefix))
            return
    names = " or ".join(f"{folder.replace('_', '-')}-<suffix>" for folder in ENGINES["pulumi"])
    raise SettingError(f"The Pulumi stack {stack!r} names no system: type 'pulumi stack init' with {names}.")


def main(arguments: list[str]) -> None:
    """Serve the engine that is calling.

    Raises:
        SettingError: with the sentence to show.
    """
    if arguments == ["cdk"]:
        cdk()
    elif arguments == ["cdktf"]:
        cdktf()
    elif not arguments and "pulumi" in sys.modules:
        pulumi()
    else:
        raise SettingError(USAGE)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SettingError as error:
        if "pulumi" in sys.modules:
            # Pulumi shows this one error as a sentence, any other as a traceback.
            raise sys.modules["pulumi"].RunError(f"tap: {error}") from error
        sys.exit(f"tap: {error}")
