"""The user as which PostgreSQL runs where TAP runs as root: PostgreSQL refuses to be root."""

import os
import pwd
import stat
import subprocess
from pathlib import Path

from lib.local_cloud.errors import LocalCloudError

USER = "pgserver"
MAKE_USER = ("useradd", "--system", "--shell", "/bin/false")


def user() -> str | None:
    """Return the user to run as, who is made where there is none, or None where this process is not root.

    Raises:
        LocalCloudError: the user cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(USER)
    except KeyError:
        try:
            subprocess.run([*MAKE_USER, USER], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise LocalCloudError(
                f"PostgreSQL refuses to run as root, and the user {USER!r} cannot be made ({error}): "
                "make it, or run this command as another user."
            ) from error
    return USER


def let_through(path: Path) -> None:
    """Let every user pass the folders above a path, which gives nobody a look into them."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
