"""The command: ``scripts/draw``."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping
from lib.diagrams import regions
from lib.diagrams.command_line import parse
from lib.diagrams.layout import lay_out
from lib.diagrams.model import Reader
from lib.diagrams.svg import svg

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = {"pulumi": "lib.diagrams.pulumi_program", "cdktf": "lib.diagrams.terraform_configuration"}


def synthesise(system: str) -> JsonMapping:
    """Return the template of a CDK system, synthesised now, or what stands for it in a system of another IaC tool.

    Raises:
        SettingError: there is no such system, or its settings are refused.
    """
    import tap

    if system not in tap.SYSTEMS:
        raise SettingError(
            f"{system!r} is not a system of this checkout: give a CloudFormation template with --template FILE."
        )
    module = PROGRAMS.get(tap.SYSTEMS[system].iac_tool)
    if module:
        return declare(system, module)
    content: JsonMapping = importlib.import_module("lib.declared.read").source(system, os.environ).document
    return content


def declare(system: str, module: str = "lib.diagrams.pulumi_program") -> JsonMapping:
    """Return the template of a system of Pulumi or the CDKTF, from a process of its own: both have state in theirs.

    Raises:
        SettingError: its program cannot be drawn, in the words of the last line that the process wrote.
    """
    command = [sys.executable, "-m", module, system]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SettingError((done.stderr.strip().splitlines() or [f"{system} cannot be drawn."])[-1])
    content: JsonMapping = json.loads(done.stdout)
    return content


def read(path: Path) -> JsonMapping:
    """Return a template's content.

    Raises:
        SettingError: the file is no CloudFormation template in JSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SettingError(f"{path} is not JSON: {error}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("Resources"), dict):
        raise SettingError(f"{path} is no CloudFormation template: it has no Resources.")
    return content


def draw(system: str, template: JsonMapping) -> str:
    """Return the picture of a template, as the text of an SVG file."""
    if "Regions" in template:
        several = regions.read(system, template)
        return svg(several, regions.place(several))
    graph = Reader(system, template).read()
    return svg(graph, lay_out(graph))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, or check, and return the exit status."""
    options = parse(arguments)
    output = options.output or ROOT / "docs" / "pictures" / f"{options.system}.svg"
    try:
        picture = draw(options.system, read(options.template) if options.template else synthesise(options.system))
    except SettingError as error:
        print(f"scripts/draw: {error}", file=sys.stderr)
        return 2
    if not options.check:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(picture, encoding="utf-8")
    elif not output.is_file() or output.read_text(encoding="utf-8") != picture:
        print(f"scripts/draw: {output} is out of date: run 'scripts/draw {options.system}'.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
