"""The Pulumi program of this repository: which file it is, and what its stacks are configured with."""

from pathlib import Path

import yaml  # type: ignore[import-untyped]  # PyYAML has no types

from lib.local_cloud.cloud import ROOT
from lib.local_cloud.errors import LocalCloudError

PROJECT, PROGRAM = "tap", ROOT / "tap.py"  # as Pulumi.yaml has it


def config(stack: str, folder: Path = ROOT) -> dict[str, str]:
    """Return a stack's configuration: the plain values of its file, if it has one.

    Raises:
        LocalCloudError: a value is encrypted, and its key is not the local cloud's.
    """
    path = folder / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    values = (content or {}).get("config") or {}
    for name, value in values.items():
        if isinstance(value, dict) and "secure" in value:
            raise LocalCloudError(
                f"{name} in {path.name} is encrypted, and the local cloud has not its key: use another stack's name."
            )
    return {
        name: value if isinstance(value, str) else yaml.safe_dump(value).split("\n...")[0].strip()
        for name, value in values.items()
    }
