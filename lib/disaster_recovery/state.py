"""Where Terraform's state lies: one for each suffix and pair of regions, beside the program or in S3."""

import json
from pathlib import Path

from cdktf import LocalBackend, S3Backend, TerraformStack

from lib.common.errors import SettingError
from lib.disaster_recovery.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def file_name(name: str, regions: tuple[str, str]) -> str:
    """Return the state's name for a stack and its pair of regions, the primary one first.

    Another pair is another deployment: with the state of the first one Terraform would plan to replace all of it.
    """
    return f"{name}.{'.'.join(regions)}.tfstate"


def refuse_old(folder: Path, name: str, regions: tuple[str, str]) -> None:
    """Refuse a state whose name does not tell the pair of regions, as all were named once.

    Args:
        folder: where states lie.
        name: the stack's name.
        regions: the pair that is about to be deployed.

    Raises:
        SettingError: there is one; the message has the command that gives it its name.
    """
    old = folder / f"terraform.{name}.tfstate"
    if not old.exists():
        return
    outputs = json.loads(old.read_text(encoding="utf-8")).get("outputs", {})
    pair = tuple(outputs.get(part, {}).get("value", "") for part in ("primaryRegion", "secondaryRegion"))
    described = pair if all(pair) else regions
    new = folder / f"terraform.{file_name(name, (described[0], described[1]))}"
    raise SettingError(
        f"{old.name} is a state without its pair of regions in its name, and would be taken for that of another pair: "
        f"mv {old} {new}; rm -rf {folder / 'cdktf.out'}"
    )


def declare(stack: TerraformStack, settings: Settings) -> None:
    """Declare the stack's backend.

    Raises:
        SettingError: see :func:`refuse_old`.
    """
    name = settings.name("stack")
    file = file_name(name, settings.regions)
    if not settings.state_bucket:
        refuse_old(ROOT, name, settings.regions)
        LocalBackend(stack, path=str(ROOT / f"terraform.{file}"))
        return
    S3Backend(stack, bucket=settings.state_bucket, key=file, region=settings.state_region, encrypt=True)
    # By S3's own conditional writes; the bindings' class does not know the argument yet.
    stack.add_override("terraform.backend.s3.use_lockfile", True)
