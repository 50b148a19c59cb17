"""The auditor, with its default checks and with all, beside a bare boto3 script and Cloud Custodian, on one server.

    .venv/bin/python tests/benchmarks/analyse.py [--quick] [--without-c7n]

Programs take turns, each in a process of its own; what counts is the ratio of the shortest times, and of the memory.
The server (tests/support/analyse/server.py) answers from what it has made in advance. Cloud Custodian is installed, at
a pinned version, into an environment of its own below .local.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from lib.common import region  # noqa: E402
from tests.support.analyse import server as api_server  # noqa: E402

C7N = ("c7n==0.9.53", "boto3==1.43.103", "botocore==1.43.127")
POLICIES = {
    "policies": [
        {"name": "volumes", "resource": "aws.ebs", "filters": [{"Attachments": []}, {"State": "available"}]},
        {
            "name": "groups",
            "resource": "aws.security-group",
            "filters": [
                {
                    "or": [
                        {"type": "ingress", "Cidr": {"value": "0.0.0.0/0"}},
                        {"type": "ingress", "CidrV6": {"value": "::/0"}},
                    ]
                }
            ],
        },
        {"name": "logs", "resource": "aws.log-group", "filters": [{"retentionInDays": "absent"}]},
    ]
}


@dataclass(frozen=True)
class Case:
    """One size of account, and what the goal is: times of the floor."""

    title: str
    volumes: int
    groups: int
    log_groups: int
    goal: float
    streams: bool = False
    latency: float = 0.0
    rounds: int = 5


CASES = (
    Case("2,000 volumes, 500 groups, 5,000 log groups", 2000, 500, 5000, 1.2),
    Case("the same, and streams of 150 log groups", 2000, 500, 150, 1.15, streams=True, rounds=3),
    Case("the same with streams, 40 ms a call", 2000, 500, 150, 1.1, streams=True, latency=0.04, rounds=3),
    Case("20,000 volumes, 2,500 groups, 20,000 log groups", 20_000, 2_500, 20_000, 1.25, rounds=3),
)


@contextmanager
def server(case: Case) -> Iterator[str]:
    """Run the server in a process of its own and yield its address."""
    command = [
        sys.executable,
        "-m",
        "tests.support.analyse.server",
        "--volumes",
        str(case.volumes),
        "--groups",
        str(case.groups),
        "--log-groups",
        str(case.log_groups),
        "--streams",
        "1",
        "--latency",
        str(case.latency),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def measure(command: Sequence[str], url: str) -> tuple[float, float, float]:
    """Return how many seconds a program takes, how many of a processor's, and how many MB it has at most."""
    environ = {**os.environ, **api_server.environment(url), "PYTHONPATH": str(ROOT)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # both sides start as they do from their second run on
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command[:4]} ended with {process.returncode}:\n{said[-3000:]}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def calls(url: str) -> dict[str, int]:
    """Return which calls the server had since the last time it was asked."""
    with urllib.request.urlopen(url) as answer:
        found: dict[str, int] = json.load(answer)
        return found


def custodian(folder: Path) -> list[str]:
    """Return the command that runs Cloud Custodian's policies; its environment is made when it is not there."""
    place = ROOT / ".local" / "c7n"
    command = place / "bin" / "custodian"
    if not command.exists():
        uv = str(ROOT / ".venv" / "bin" / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python"), *C7N], check=True)
    policies = folder / "policies.json"
    policies.write_text(json.dumps(POLICIES), encoding="utf-8")
    output = str(folder / "c7n")
    return [str(command), "run", "--cache-period", "0", "--region", region.primary(), "-s", output, str(policies)]


def start_up() -> tuple[float, float]:
    """Return how long the auditor's start takes beside importing boto3 and making one client, and its work."""
    where = region.primary()
    bare = f"import boto3; boto3.client('ec2', region_name='{where}')"
    ours = (
        "from lib.analyse import cli, aws, run; cli.options([]); "
        f"aws.Account('', aws._session(region_name='{where}')).client('ec2', '{where}')"
    )
    found: dict[str, list[tuple[float, float, float]]] = {bare: [], ours: []}
    for _ in range(9):
        for code, measured in found.items():
            measured.append(measure([sys.executable, "-c", code], "http://127.0.0.1:9"))
    least = {code: [min(values) for values in zip(*measured, strict=True)] for code, measured in found.items()}
    return least[ours][0] / least[bare][0], least[ours][1] / least[bare][1]


def run(case: Case, *, with_c7n: bool) -> dict[str, object]:
    """Return the ratios of one case."""
    where, folder = region.primary(), Path(tempfile.mkdtemp(prefix="analyse-"))
    floor = [sys.executable, "tests/support/analyse/floor.py", where, *(["streams"] if case.streams else [])]
    ours = [
        sys.executable,
        "-m",
        "lib.analyse",
        "--region",
        where,
        "--output",
        str(folder / "out"),
        "--quiet",
        "--streams",
        "full" if case.streams else "off",
    ]
    commands = {"floor": floor, "analyse": ours, "all checks": [*ours, "--check", "all"]}
    if with_c7n and not case.streams:
        commands["c7n"] = custodian(folder)
    times: dict[str, list[float]] = {name: [] for name in commands}
    works: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, float] = {}
    called: dict[str, dict[str, int]] = {}
    with server(case) as url:
        for turn in range(case.rounds + 1):
            for name, command in commands.items():
                calls(url)
                seconds, work, size = measure(command, url)
                called[name] = calls(url)
                if turn:  # the first turn makes the server's answers
                    times[name].append(seconds)
                    works[name].append(work)
                    memory[name] = max(size, memory.get(name, 0))
    shutil.rmtree(folder)
    extra = {k: v - called["floor"].get(k, 0) for k, v in called["analyse"].items() if v != called["floor"].get(k, 0)}
    least = {name: min(found) for name, found in times.items()}
    return {
        "seconds": {name: round(found, 2) for name, found in least.items()},
        "calls": {name: sum(found.values()) for name, found in called.items()},
        "calls beyond the floor": extra,
        "of the floor": round(least["analyse"] / least["floor"], 2),
        "goal": case.goal,
        "of the floor, with all checks": round(least["all checks"] / least["floor"], 2),
        "of the floor, processor time": round(min(works["analyse"]) / min(works["floor"]), 2),
        **({"of c7n": round(least["analyse"] / least["c7n"], 2)} if "c7n" in least else {}),
        "memory above the floor, MB": round(memory["analyse"] - memory["floor"], 1),
    }


def main() -> None:
    """Print every ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the smallest case only")
    parser.add_argument("--without-c7n", action="store_true")
    options = parser.parse_args()
    seconds, work = start_up()
    print(f"start-up beside boto3 and one client: {seconds:.2f}, in processor time {work:.2f}", flush=True)
    for case in CASES[:1] if options.quick else CASES:
        print(f"\n{case.title}", flush=True)
        for name, value in run(case, with_c7n=not options.without_c7n).items():
            print(f"  {name}: {value}", flush=True)


if __name__ == "__main__":
    main()
