"""The auditor's look at what was deployed here: the last step of ``scripts/up``."""

import subprocess
from collections.abc import Sequence

from lib.local_cloud import programs
from lib.local_cloud.cloud import ROOT, LocalCloud
from lib.local_cloud.errors import LocalCloudError


def audit(cloud: LocalCloud, regions: Sequence[str]) -> list[str]:
    """Return what the auditor says, as lines.

    It runs as a program of its own, as it does for an account: nothing but the environment leads it here.

    Args:
        cloud: what to look at.
        regions: where.

    Raises:
        LocalCloudError: it found something to act on, or could not look at everything.
    """
    options = [part for name in regions for part in ("--region", name)]
    reports = ["--streams", "off", "--output", str(cloud.folder / "audit")]
    done = subprocess.run(
        programs.command(programs.AUDITOR, *options, *reports),
        cwd=ROOT,
        env=cloud.whole_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LocalCloudError(f"The auditor ended with {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout.splitlines()
