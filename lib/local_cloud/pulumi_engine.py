"""How a Pulumi system is deployed to the local cloud: with the Pulumi CLI where it can be had, else without it."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.common.errors import SettingError
from lib.local_cloud import pulumi_run
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi_kind import Clients
from lib.local_cloud.pulumi_ledger import Ledger
from lib.local_cloud.pulumi_remove import remove

Report = Callable[[str], None]
VARIABLE, WITH, WITHOUT = "LOCAL_CLOUD_PULUMI", "cli", "in-process"


@dataclass(frozen=True)
class PulumiDeployment:
    """What a deployment did.

    Args:
        changed: whether anything was created, updated or deleted.
        way: how the program was run, and why so, in a sentence.
        outputs: what the program exports; secrets are masked.
        resources: how many resources of each kind there are, by service.
        left_out: what the emulator could not be given: what, why, names.
    """

    changed: bool
    way: str
    outputs: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, int]]
    left_out: list[tuple[str, str, list[str]]]


def deploy(cloud: LocalCloud, stack: str, environ: Mapping[str, str], report: Report) -> PulumiDeployment:
    """Deploy tap.py's system of a stack.

    Args:
        cloud: where to; it must run.
        stack: the Pulumi stack, for example ``flask-api-dev``.
        environ: variables for the program, over the cloud's own.
        report: is told how far it is.

    Raises:
        SettingError: ``LOCAL_CLOUD_PULUMI`` is neither of its two values.
        LocalCloudError: it failed; what was made is known, and the next call goes on from there.
    """
    with_cli, way = _way(cloud, stack, environ, report)
    if with_cli:
        result = _result(cloud, stack)
        result.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        result.touch()  # from now on the CLI's state knows of resources
        pulumi_run.run(cloud, stack, ["pulumi_cli", "up", stack], environ, report)
        done = json.loads(result.read_text(encoding="utf-8"))
        return PulumiDeployment(done["changed"], way, done["outputs"], _counts(done["types"]), [])
    lines = pulumi_run.run(cloud, stack, ["pulumi_apply", stack], environ, report)
    ledger = Ledger.of(cloud, stack)
    types = [record.type for record in ledger.records.values()]
    return PulumiDeployment(lines[-1:] == ["changed"], way, ledger.exports, _counts(types), _left_out(ledger))


def destroy(cloud: LocalCloud, stack: str, environ: Mapping[str, str], report: Report) -> None:
    """Remove everything that was deployed; nothing deployed is nothing to do.

    Args:
        cloud: where from; it must run.
        stack: the Pulumi stack.
        environ: variables for the CLI, over the cloud's own.
        report: is told how far it is.

    Raises:
        LocalCloudError: something could not be removed; the rest is.
    """
    if _result(cloud, stack).exists():
        pulumi_run.run(cloud, stack, ["pulumi_cli", "down", stack], environ, report)
    ledger = Ledger.of(cloud, stack)
    remove(ledger, Clients(cloud), list(ledger.records), report)
    ledger.close()


def outputs(cloud: LocalCloud, stack: str) -> dict[str, Any]:
    """Return what the deployed program exports; {} where nothing is deployed."""
    result = _result(cloud, stack)
    if result.exists():
        return dict(json.loads(result.read_text(encoding="utf-8") or "{}").get("outputs", {}))
    return dict(Ledger.of(cloud, stack).exports)


def _result(cloud: LocalCloud, stack: str) -> Path:
    """Return where the CLI's process writes what it did; the file is there as long as its state is."""
    return cloud.folder / "pulumi" / f"{stack}.cli.json"


def _way(cloud: LocalCloud, stack: str, environ: Mapping[str, str], report: Report) -> tuple[bool, str]:
    """Return whether the CLI is to be used, and why.

    Raises:
        SettingError: a word that is no way.
        LocalCloudError: the CLI is demanded, and cannot be had.
    """
    asked = {**os.environ, **environ}.get(VARIABLE, "")
    if asked not in ("", WITH, WITHOUT):
        raise SettingError(
            f"{VARIABLE}={asked!r} is no way to run Pulumi: use {WITH!r} or {WITHOUT!r}, or leave it out."
        )
    with_cli, without = "with the Pulumi CLI", "in-process, without the Pulumi CLI"
    if _result(cloud, stack).exists():
        return True, f"{with_cli}, as before"
    if Ledger.of(cloud, stack).records:
        return False, f"{without}, as before"
    if asked == WITHOUT:
        return False, f"{without}, as {VARIABLE} asks"
    why = pulumi_run.prepare(cloud, stack, environ, report)
    if why and asked == WITH:
        raise LocalCloudError(f"{VARIABLE}={WITH} asks for the Pulumi CLI: {why}.")
    return not why, f"{without}: {why}" if why else with_cli


def _counts(types: Iterable[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for token in types:
        _package, module, kind = token.split(":")
        kinds = found.setdefault(module.split("/")[0], {})
        kinds[kind] = kinds.get(kind, 0) + 1
    return found


def _left_out(ledger: Ledger) -> list[tuple[str, str, list[str]]]:
    found: dict[tuple[str, str], list[str]] = {}
    for record in ledger.records.values():
        for what, why in record.differs:
            found.setdefault((what, why), []).append(record.title)
    return [(what, why, sorted(names)) for (what, why), names in sorted(found.items())]
