"""What a run is asked for, checked before anything is asked of AWS."""

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.common import region
from lib.common.errors import SettingError

FORMATS = ("json", "csv", "html", "sarif", "ocsf")
STREAMS = ("auto", "full", "off")


@dataclass(frozen=True)
class Options:  # pylint: disable=too-many-instance-attributes  # one for each option
    """The options of one run; see ``lib.analyse.cli`` for what each means."""

    regions: Sequence[str] = ()
    all_regions: bool = False
    default_region: bool = False
    profile: str | None = None
    roles: Sequence[str] = ()
    log_groups: Sequence[str] = ("*",)
    streams: str = "auto"
    log_tags: bool = False
    attached_only: bool = False
    older_than: int = 0
    old_snapshot: int = 365
    detach_times: bool = False
    owner_tag: str = "Owner"
    checks: Sequence[str] = ()
    ignore: Path | None = None
    fail_on: str = "low"
    formats: Sequence[str] = ("json", "csv", "html")
    output: Path = field(default_factory=Path)
    resume: bool = False
    quiet: bool = False

    def asked(self) -> dict[str, Any]:
        """Return what decides which findings there are: a run can be resumed with the same values only."""
        names = (
            "regions", "all_regions", "profile", "roles", "log_groups", "streams", "attached_only", "detach_times",
            "older_than", "old_snapshot", "log_tags", "owner_tag", "checks",
        )  # fmt: skip
        found = {name: getattr(self, name) for name in names}
        found = {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
        return {**found, "ignore": self.ignore.read_text(encoding="utf-8") if self.ignore else None}


def check_regions(names: Sequence[str], environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the regions to look at: those named, or else the one that TAP's systems are deployed to.

    Raises:
        SettingError: no region of AWS.
    """
    for name in names:
        if name not in region.known():
            near = difflib.get_close_matches(name, region.known(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "write a name from the AWS list of regions."
            raise SettingError(f"--region {name!r} is not an AWS region known to the installed botocore: {hint}")
    return tuple(dict.fromkeys(names)) or (region.primary(environ),)
