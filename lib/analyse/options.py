"""What a run is asked for, checked before anything is asked of AWS."""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lib.common import region
from lib.common.errors import SettingError
from lib.common.json_types import JsonObject

# What CloudWatch Logs takes, in days; the advice is what AWS Config asks for at least.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
# https://docs.aws.amazon.com/config/latest/developerguide/cw-loggroup-retention-period-check.html
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
FORMATS = ("json", "csv", "html", "sarif", "ocsf")
STREAMS = ("auto", "full", "off")
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+(/[A-Za-z0-9_+=,.@-]+)*")
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")


@dataclass(frozen=True)
class Options:  # pylint: disable=too-many-instance-attributes  # one for each option
    """The options of one run; see ``lib.analyse.cli`` for what each means."""

    regions: Sequence[str] = ()
    all_regions: bool = False
    default_region: bool = False
    profile: str | None = None
    roles: Sequence[str] = ()
    organization: str | None = None  # the role's name
    external_id: str | None = None
    skip_regions: Sequence[str] = ()
    log_groups: Sequence[str] = ("*",)
    streams: str = "auto"
    log_tags: bool = False
    measure_ingestion: bool = False
    retention: int = 365
    sensitive_ports: Sequence[str] = ()
    attached_only: bool = False
    older_than: int = 0
    old_snapshot: int = 365
    detach_times: bool = False
    owner_tag: str = "Owner"
    checks: Sequence[str] = ()
    ignore: Path | None = None
    compare: Path | None = None
    fail_on: str = "low"
    formats: Sequence[str] = ("json", "csv", "html")
    output: Path = field(default_factory=Path)
    resume: bool = False
    quiet: bool = False

    def asked(self) -> JsonObject:
        """Return what decides which findings there are: a run can be resumed with the same values only."""
        names = (
            "regions",
            "all_regions",
            "profile",
            "roles",
            "log_groups",
            "streams",
            "attached_only",
            "detach_times",
            "older_than",
            "old_snapshot",
            "log_tags",
            "measure_ingestion",
            "retention",
            "owner_tag",
            "checks",
            "organization",
            "skip_regions",
            "sensitive_ports",
        )
        values = {name: getattr(self, name) for name in names}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {**values, "ignore": self.ignore.read_text(encoding="utf-8") if self.ignore else None}


def check_accounts(roles: Sequence[str], organization: str | None, external_id: str | None) -> None:
    """Check whose accounts are looked at.

    Raises:
        SettingError: a value is not valid, or values exclude each other.
    """
    if organization is not None and not _ROLE_NAME.fullmatch(organization):
        raise SettingError(
            f"--organization {organization!r} is not valid: write the name of the role that every account has, "
            "such as 'auditor' or 'path/auditor'."
        )
    if organization is not None and roles:
        raise SettingError("--organization and --role exclude each other: leave one out.")
    if external_id is not None and not _EXTERNAL_ID.fullmatch(external_id):
        raise SettingError(f"--external-id {external_id!r} is not valid: write 2 to 1,224 of A-Z a-z 0-9 _+=,.@:/-")
    if external_id is not None and not (roles or organization):
        raise SettingError("--external-id is for assuming a role: give --role or --organization too, or leave it out.")


def _known(option: str, name: str) -> None:
    if name not in region.known():
        near = difflib.get_close_matches(name, region.known(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write a name from the AWS list of regions."
        raise SettingError(f"{option} {name!r} is not an AWS region known to the installed botocore: {hint}")


def check_skipped(names: Sequence[str], *, all_regions: bool) -> tuple[str, ...]:
    """Return the regions to leave out.

    Raises:
        SettingError: no region of AWS, or not all regions are asked for.
    """
    for name in names:
        _known("--skip-region", name)
    if names and not all_regions:
        raise SettingError("--skip-region leaves out regions of --all-regions: give that too, or leave it out.")
    return tuple(sorted(set(names)))


def check_regions(names: Sequence[str], environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the regions to look at: those named, or else the one that TAP's systems are deployed to.

    Raises:
        SettingError: no region of AWS.
    """
    for name in names:
        _known("--region", name)
    return tuple(dict.fromkeys(names)) or (region.primary(environ),)
