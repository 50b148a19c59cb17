"""What is to be verified, from the environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from json_types import JsonValue


class WrongSetting(ValueError):
    """A variable that cannot be used; the message says what it holds and what it should."""


@dataclass(frozen=True)
class Settings:
    """One disaster-recovery system."""

    table: str
    regions: tuple[str, ...]  # the home region first
    global_cluster: str
    clusters: Mapping[str, str]  # by region
    snapshot_hours: float  # the oldest that a cluster's latest snapshot may be
    restore_hours: float  # how far back a cluster and a table can be restored at least
    lag_milliseconds: float
    protected: bool = True  # whether what can be deleted by mistake is a finding
    topic: str = ""
    bucket: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Return what the environment says.

        Raises:
            WrongSetting: a variable is missing or is not what it should be.
        """
        regions, clusters = _json(environ, "REGIONS", list), _json(environ, "CLUSTERS", dict)
        if set(clusters) != set(regions):
            raise WrongSetting(f"CLUSTERS={environ['CLUSTERS']!r} has other regions than REGIONS: name one for each.")
        return cls(
            table=_text(environ, "TABLE_NAME"),
            regions=tuple(regions),
            clusters=clusters,
            global_cluster=_text(environ, "GLOBAL_CLUSTER"),
            snapshot_hours=_number(environ, "SNAPSHOT_MAX_AGE_HOURS"),
            restore_hours=_number(environ, "PITR_MIN_HOURS"),
            lag_milliseconds=_number(environ, "LAG_MAX_MS"),
            protected=environ.get("DELETION_PROTECTION", "true") != "false",
            topic=environ.get("TOPIC_ARN", ""),
            bucket=environ.get("REPORT_BUCKET", ""),
        )


def _text(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        raise WrongSetting(f"{name} is missing: set it as the stack sets it for the function.")
    return environ[name]


def _number(environ: Mapping[str, str], name: str) -> float:
    text = _text(environ, name)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise WrongSetting(f"{name}={text!r} is no number above 0: write one, such as 26.")
    return number


def _json(environ: Mapping[str, str], name: str, kind: type) -> JsonValue:
    text = _text(environ, name)
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    texts = [*value, *(value.values() if isinstance(value, dict) else ())] if isinstance(value, list | dict) else []
    if not texts or not isinstance(value, kind) or not all(each and isinstance(each, str) for each in texts):
        shape = '["REGION", ...]' if kind is list else '{"REGION": "CLUSTER", ...}'
        raise WrongSetting(f"{name}={text!r} is not what it should be: write {shape}.")
    return value
