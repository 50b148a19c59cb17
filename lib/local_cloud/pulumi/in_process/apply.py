"""Runs tap.py as the Pulumi CLI would, and applies it to the local cloud; a program of its own.

It runs a program on the local cloud, and is not an IaC tool: it makes, keeps and removes; it plans nothing and updates
nothing. docs/decisions tells what follows from that.
"""

import asyncio
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pulumi.runtime import mocks, run_in_stack, set_all_config
from pulumi.runtime.settings import configure

from lib.common.errors import SettingError
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi.in_process.clients import Clients
from lib.local_cloud.pulumi.in_process.destroy import remove
from lib.local_cloud.pulumi.in_process.missing_outputs import strict_outputs
from lib.local_cloud.pulumi.in_process.monitor import Monitor
from lib.local_cloud.pulumi.in_process.state import StackState
from lib.local_cloud.pulumi.program import PROGRAM, PROJECT, config

Report = Callable[[str], None]


def first_cause(error: BaseException) -> BaseException:
    """Return the error with a sentence of our own that others were raised from, or the error itself."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, SettingError | LocalCloudError):
            return cause
        cause = cause.__cause__
    return error


def run_program(monitor: Monitor, stack: str, program: Path) -> None:
    """Run a Pulumi program against a monitor, until everything that it declared is there.

    Raises:
        BaseException: whatever the program, one of its callbacks or the monitor raises.
    """
    features = set(monitor.GetDeploymentInfo(None).supportedFeatures)  # type: ignore[no-untyped-call]  # the SDK's own gap
    settings = mocks.MockSettings(  # type: ignore[no-untyped-call]  # the SDK's own gap
        monitor=monitor,
        monitor_features=features,
        engine=mocks.MockEngine(None),
        project=PROJECT,
        stack=stack,
        dry_run=False,
        root_resource=None,
        organization="organization",
        callbacks=None,
    )

    def body() -> None:
        runpy.run_path(str(program), run_name="__main__")

    async def whole() -> None:
        # What becomes of outputs that nobody reads is nobody's business.
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        configure(settings)
        set_all_config(config(stack))
        await run_in_stack(body)

    arguments, sys.argv = sys.argv, [str(program)]
    try:
        with strict_outputs():
            asyncio.run(whole())
    finally:
        sys.argv = arguments


def apply(monitor: Monitor, stack: str, clients: Clients, program: Path = PROGRAM) -> None:
    """Apply a program: make what is new, remove what it no longer declares.

    Args:
        monitor: which keeps the state, and tells afterwards what changed.
        stack: the stack's name.
        clients: the cloud, for removals.
        program: the file.

    Raises:
        SettingError: the program refuses a value.
        LocalCloudError: a resource cannot be made, or cannot be removed.
    """
    try:
        run_program(monitor, stack, program)
    except Exception as error:  # noqa: BLE001 - the others are raised as they are
        cause = first_cause(error)
        raise cause from (None if cause is error else error)
    state = monitor.state
    superfluous = [urn for urn in state.records if urn not in monitor.seen]
    remove(state, clients, superfluous, monitor.report)
    monitor.changed = monitor.changed or bool(superfluous)
    state.exports = monitor.exports
    state.save()


@contextmanager
def interruptible(monitor: Monitor) -> Iterator[None]:
    """Let an interruption end the work between two resources, so that each is either made or not begun."""
    before = {
        number: signal.signal(number, lambda *_: monitor.stopping.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: list[str], environ: Mapping[str, str] = os.environ, program: Path = PROGRAM) -> int:
    """Apply tap.py to the local cloud that the environment describes; return the exit code."""
    (stack,) = arguments
    try:
        cloud = LocalCloud.read(environ)
        clients = Clients(cloud)
        state = StackState.of(cloud, stack)
        monitor = Monitor(state, clients, cloud.region, lambda text: print(text, flush=True))
        with interruptible(monitor):
            apply(monitor, stack, clients, program)
    except (SettingError, LocalCloudError) as error:
        print(f"tap: {error}", file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # its traceback is the program's output
        traceback.print_exc()
        return 1
    print("changed" if monitor.changed else "unchanged", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
