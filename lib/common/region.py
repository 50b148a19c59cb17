"""Where a system is deployed: the region's one source, and the pair of a system in two.

The region is written in ``lib/AWS_REGION`` and nowhere else; the pair's second region is
written beside it. ``AWS_REGION`` and ``AWS_REGION_DR`` in the environment override the files,
as the AWS SDKs' own variable does.
"""

import difflib
import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping

FOLDER = Path(__file__).resolve().parent.parent
PRIMARY = "AWS_REGION"
SECONDARY = "AWS_REGION_DR"


@lru_cache
def known() -> Mapping[str, str]:
    """Return every region that the installed AWS SDK knows, with its partition."""
    return {
        name: partition["id"]
        for partition in _partitions()
        for name in partition["regions"]
        if not name.endswith("-global")
    }


def _partitions() -> Sequence[JsonMapping]:
    """Return the SDK's description of every partition.

    Read from botocore's own data file, so that a list of regions is kept by AWS and not by TAP.
    botocore itself is not imported.
    """
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise SettingError("botocore is not installed, so no region can be checked: run scripts/up or scripts/test.")
    data = json.loads((Path(spec.origin).parent / "data" / "partitions.json").read_text(encoding="utf-8"))
    return tuple(data["partitions"])


def _read(name: str, environ: Mapping[str, str]) -> str:
    path = FOLDER / name
    if environ.get(name):
        value, source = environ[name], f"the environment variable {name}"
    elif path.is_file():
        value, source = path.read_text(encoding="utf-8").strip(), f"lib/{name}"
    else:
        raise SettingError(f"lib/{name} is missing: write the name of an AWS region into it.")
    if value not in known():
        near = difflib.get_close_matches(value, known(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write a name from the AWS list of regions."
        raise SettingError(
            f"{value!r} in {source} is not an AWS region known to the installed botocore: {hint} "
            "(A region newer than that needs a newer botocore.)"
        )
    return value


def primary(environ: Mapping[str, str] = os.environ) -> str:
    """Return the region that every single-region system is deployed to.

    Raises:
        SettingError: the file is missing, or the value is no AWS region.
    """
    return _read(PRIMARY, environ)


def pair(environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return the primary and the secondary region of a system in two.

    Raises:
        SettingError: a value is no AWS region, both are the same, or they lie in two partitions
            (nothing replicates across partitions).
    """
    first, second = _read(PRIMARY, environ), _read(SECONDARY, environ)
    if first == second:
        raise SettingError(
            f"The disaster-recovery pair is {first!r} twice: write another region into lib/{SECONDARY} "
            f"or set {SECONDARY}."
        )
    if known()[first] != known()[second]:
        raise SettingError(
            f"{first!r} is in partition {known()[first]!r} and {second!r} in {known()[second]!r}, and AWS "
            f"replicates nothing between partitions: write a region of the same partition into lib/{SECONDARY}."
        )
    return first, second


def partition(name: str) -> str:
    """Return the partition of a known region, as it stands in every ARN (``aws``, ``aws-cn``, …)."""
    return known()[name]


# The longer words first: "southeast" holds "south".
_DIRECTIONS = {
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "central": "c",
}


def short(name: str) -> str:
    """Return a known region in at most nine letters and digits, for names that have to tell regions apart.

    The form is that of AWS's availability zone IDs without the zone, such as ``use1``:
    https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html
    """
    return "".join(_DIRECTIONS.get(word, word) for word in name.split("-"))


def dns_suffix(name: str) -> str:
    """Return how host names and regional service principals end in a known region (``amazonaws.com``, …)."""
    return next(str(p["outputs"]["dnsSuffix"]) for p in _partitions() if p["id"] == partition(name))


def global_region(name: str) -> str:
    """Return the region that has what a known region's partition has once, such as Route 53's figures."""
    return next(str(p["outputs"]["implicitGlobalRegion"]) for p in _partitions() if p["id"] == partition(name))
