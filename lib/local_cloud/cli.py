"""``scripts/up``, ``scripts/down`` and ``scripts/env``."""

import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

import tap
from lib.common import naming, region
from lib.common.errors import ExerciseError, SettingError
from lib.common.lambda_sources import PackageError
from lib.local_cloud import inventory, ports, systems
from lib.local_cloud.audit import audit
from lib.local_cloud.cloud import MOTO_VARIABLE, PORT_VARIABLE, UNSET, LocalCloud
from lib.local_cloud.command_line import parse
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import HOST
from lib.local_cloud.servers.postgres import VERSION
from lib.local_cloud.servers.process import port_is_free
from lib.local_cloud.systems import DATABASE_PORT, Deployed, Report, System

SYSTEMS = systems.load()
PORTS = (PORT_VARIABLE, MOTO_VARIABLE, DATABASE_PORT, *(name for each in SYSTEMS.values() for name in each.ports))
console = Console(highlight=False)
TROUBLES = (SettingError, LocalCloudError, PackageError, ExerciseError, BotoCoreError, ClientError)


@contextmanager
def step(title: str) -> Iterator[Report]:
    """Show a step while it runs, and how long it took."""
    began = time.monotonic()
    with console.status(f"{title} ...") as status:
        yield lambda text: status.update(f"{title} · {text}")
    console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")


def show(system: System, deployed: Deployed) -> None:
    """Show what was built."""
    table = Table(title=f"{system.name}: what was built", title_justify="left")
    table.add_column("service")
    table.add_column("resources")
    for service, kinds in sorted(deployed.resources.items()):
        table.add_row(service, ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    console.print(table)
    if deployed.step_down:
        console.print("Different here, because the emulator cannot do it (AWS gets all of it):", style="dim")
        for what, why, names in deployed.step_down:
            console.print(f"  {what} ({len(names)}): {why}", style="dim", soft_wrap=True)


def start(cloud: LocalCloud) -> None:
    """Start the local cloud."""
    with step(f"Local cloud in {cloud.region}") as report:
        report("starting the emulator")
        cloud.start()
        ports.remember(cloud, PORTS)


def running(cloud: LocalCloud) -> None:
    """Say what runs, how it is used, and how it is ended."""
    databases = ", ".join(f"{server.host}:{server.port}" for server in cloud.databases())
    console.print(
        f"Running: AWS on http://127.0.0.1:{cloud.port}{f', PostgreSQL {VERSION} on {databases}' if databases else ''}"
        '. Use it: [bold]eval "$(scripts/env)"[/]; end it: [bold]scripts/down[/].',
        soft_wrap=True,
    )


def up(cloud: LocalCloud, chosen: Sequence[System]) -> None:
    """Start the local cloud, deploy the systems and exercise each."""
    start(cloud)
    for system in chosen:
        with step(f"{system.name}: deployed with the {system.iac_tool}") as report:
            deployed = system.deploy(cloud, report)
        if deployed.way:
            console.print(deployed.way, style="dim", soft_wrap=True)
        show(system, deployed)
        if not deployed.changed:
            console.print(f"[bold]{system.name}: no changes[/], everything is as the code describes it.")
        with step(f"{system.name}: exercised") as report:
            rows = system.exercise(cloud, report)
        table = Table(title=f"{system.name}: exercise results", title_justify="left", show_header=False)
        table.add_column()
        table.add_column(overflow="fold")  # an address cut short is none
        for name, value in rows:
            table.add_row(name, value)
        console.print(table)
    with step("audited: volumes, security groups, logs"):
        pair = region.pair()[1:] if any(tap.SYSTEMS[system.name].regions > 1 for system in chosen) else ()
        outcome = audit(cloud, [cloud.region, *pair])
    console.print("\n".join(outcome), style="dim", soft_wrap=True)
    running(cloud)


def destroy(cloud: LocalCloud, chosen: Iterable[System]) -> None:
    """Destroy systems by their IaC tool, where the local cloud runs."""
    if cloud.emulator.process() is not None:
        for system in chosen:
            with step(f"{system.name}: destroyed") as report:
                system.destroy(cloud, report)


def down(cloud: LocalCloud) -> None:
    """Destroy what is deployed by its IaC tool, stop the servers, and show that nothing is left.

    Raises:
        LocalCloudError: something is left.
    """
    destroy(cloud, SYSTEMS.values())
    if cloud.emulator.process() is not None:
        left = inventory.remainder(cloud)
        if left:
            names = ", ".join(f"{kind} {name}" for kind, name in left)
            raise LocalCloudError(
                f"Left in the local cloud after the destruction: {names}. Deployed with another {naming.SUFFIX}? "
                "Then run scripts/down with that one. The servers still run."
            )
        console.print(f"Destroyed, nothing left behind: {len(inventory.LISTINGS)} resource types checked.")
    used = [(port, HOST) for port in (cloud.port, cloud.moto_port)]
    used += [(server.port, server.host) for server in cloud.databases()]
    with step("Servers stopped"):
        stopped = cloud.stop()
    busy = [port for port, host in used if stopped and not port_is_free(port, host)]
    if busy:
        raise LocalCloudError(f"Port {busy[0]} still answers: end the program that listens there.")
    console.print(f"Stopped: {', '.join(stopped) or 'nothing ran'}.")


def env(cloud: LocalCloud) -> None:
    """Print the shell commands that point every client at the running local cloud.

    Raises:
        LocalCloudError: it does not run.
    """
    if not cloud.emulator.healthy():
        raise LocalCloudError(f"No local cloud answers on port {cloud.port}: run scripts/up first.")
    print(f"unset {' '.join(UNSET)}")
    for name, value in cloud.environment().items():
        print(f"export {name}={shlex.quote(value)}")


def main(arguments: Sequence[str]) -> int:
    """Run a command; return the exit code: 0 done, 1 failed with a sentence, 130 interrupted."""
    options = parse(arguments)
    try:
        ports.recall(PORTS)
        cloud = LocalCloud.read()
        if options.command == "up" and options.only_cloud:
            start(cloud)
            running(cloud)
        elif options.command == "up":
            up(cloud, [SYSTEMS[name] for name in options.system or SYSTEMS])
        elif options.command == "down" and options.system:
            destroy(cloud, [SYSTEMS[name] for name in options.system])
        elif options.command == "down":
            down(cloud)
        else:
            env(cloud)
    except TROUBLES as error:
        Console(stderr=True, highlight=False).print(f"[red]✗[/] {error}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted: run the same command again, it goes on where it stopped.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
