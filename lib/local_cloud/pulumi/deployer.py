"""How a Pulumi system is deployed to the local cloud: in-process, on every machine.

The Pulumi CLI with its AWS plug-in cannot do it: docs/decisions/0012-the-same-way-everywhere.md lists what the emulator
lacks for that.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lib.common.json_types import JsonMapping, JsonObject
from lib.local_cloud import programs
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi.in_process import run
from lib.local_cloud.pulumi.in_process.clients import Clients
from lib.local_cloud.pulumi.in_process.destroy import remove
from lib.local_cloud.pulumi.in_process.state import StackState, identity

Report = Callable[[str], None]
WAY = "in-process, without the Pulumi CLI, as on every machine"


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
    outputs: JsonMapping
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
        LocalCloudError: it failed; what was made is known, and the next call goes on from there. Or an earlier version
            of this repository deployed the stack with the Pulumi CLI.
    """
    refuse_cli_state(cloud, stack, report)
    lines = run.run(cloud, stack, [programs.PULUMI_APPLY, stack], environ, report)
    state = StackState.of(cloud, stack)
    types = [record.type for record in state.records.values()]
    return PulumiDeployment(lines[-1:] == ["changed"], WAY, state.exports, _counts(types), _left_out(state))


def destroy(cloud: LocalCloud, stack: str, report: Report) -> None:
    """Remove everything that was deployed; nothing deployed is nothing to do.

    Args:
        cloud: where from; it must run.
        stack: the Pulumi stack.
        report: is told how far it is.

    Raises:
        LocalCloudError: something could not be removed; the rest is. Or see :func:`refuse_cli_state`.
    """
    refuse_cli_state(cloud, stack, report)
    state = StackState.of(cloud, stack)
    remove(state, Clients(cloud), list(state.records), report)
    state.close()


def outputs(cloud: LocalCloud, stack: str) -> JsonObject:
    """Return what the deployed program exports; {} where nothing is deployed."""
    return dict(StackState.of(cloud, stack).exports)


def refuse_cli_state(cloud: LocalCloud, stack: str, report: Report) -> None:
    """Refuse a stack that an earlier version of this repository deployed with the Pulumi CLI.

    The CLI's state is not read any more, and without it nobody knows the stack's resources. The emulator keeps
    everything in memory: the state of one that has ended describes nothing, and is removed.

    Args:
        cloud: whose folder may hold the CLI's state.
        stack: the Pulumi stack.
        report: is told of a state that is removed.

    Raises:
        LocalCloudError: the emulator that holds those resources still runs; with what to do.
    """
    folder = cloud.folder / "pulumi"
    result, state, emulator = folder / f"{stack}.cli.json", folder / "cli", folder / "cli" / "emulator"
    if not result.exists():
        return
    token = emulator.read_text(encoding="utf-8") if emulator.exists() else ""
    if token == identity(cloud.emulator):
        raise LocalCloudError(
            f"{stack} was deployed to this local cloud by the Pulumi CLI, with an earlier version of this repository "
            f"({result}); this version does not read the CLI's state ({state}). Run scripts/down of that version. "
            "Or end the emulator and everything in it, which it keeps in memory only, and run this command again: "
            f"kill $(cut -d' ' -f1 {cloud.folder}/*.pid)"
        )
    report(f"{result.name} removed: it is of the Pulumi CLI and of an emulator that has ended, with all that it held")
    result.unlink()
    if not list(folder.glob("*.cli.json")):
        shutil.rmtree(state, ignore_errors=True)


def _counts(types: Iterable[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for token in types:
        _package, module, kind = token.split(":")
        kinds = counts.setdefault(module.split("/")[0], {})
        kinds[kind] = kinds.get(kind, 0) + 1
    return counts


def _left_out(state: StackState) -> list[tuple[str, str, list[str]]]:
    titles: dict[tuple[str, str], list[str]] = {}
    for record in state.records.values():
        for what, why in record.differs:
            titles.setdefault((what, why), []).append(record.title)
    return [(what, why, sorted(names)) for (what, why), names in sorted(titles.items())]
