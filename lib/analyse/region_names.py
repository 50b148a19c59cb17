"""AWS's own names of regions: the price table is keyed by them, as AWS's price list is for a reader."""

import importlib.util
import json
from functools import lru_cache
from pathlib import Path


@lru_cache
def names() -> dict[str, str]:
    """Return the name of every region that the installed AWS SDK knows, by the region's code."""
    spec = importlib.util.find_spec("botocore")
    path = Path(str(spec.origin if spec else "")).parent / "data" / "partitions.json"
    partitions = json.loads(path.read_text(encoding="utf-8"))["partitions"]
    return {code: str(entry["description"]) for part in partitions for code, entry in part["regions"].items()}
