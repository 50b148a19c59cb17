"""The ports that a local cloud was started with, kept in its folder: another shell need not know them."""

import json
import os
from collections.abc import Iterable, Mapping, MutableMapping

from lib.local_cloud.cloud import LocalCloud, folder_of

FILE = "ports.json"


def remember(cloud: LocalCloud, variables: Iterable[str], environ: Mapping[str, str] = os.environ) -> None:
    """Write down, in the folder of a cloud that has started, which ports were chosen.

    Args:
        cloud: the cloud.
        variables: the names of environment variables that choose a port.
        environ: where they stand.
    """
    chosen = {name: environ[name] for name in variables if environ.get(name)}
    (cloud.folder / FILE).write_text(json.dumps(chosen), encoding="utf-8")


def recall(variables: Iterable[str], environ: MutableMapping[str, str] = os.environ) -> None:
    """Take the ports of the cloud that is in the folder, where the environment names no others.

    Args:
        variables: as above.
        environ: where they stand afterwards.
    """
    try:
        known = json.loads((folder_of(environ) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no cloud is there, or one that was interrupted while it started
        return
    for name in variables:
        if name in known and not environ.get(name):
            environ[name] = str(known[name])
