"""Stands in for the Pulumi CLI: takes the commands that the Automation API sends, keeps a state, tells events.

It is what neither a package index nor this repository has. It shows that TAP speaks to the Automation API as that
wants it, and nothing about the real CLI or the AWS plug-in.
"""

import json
import os
import sys
from pathlib import Path

STEPS = [("aws:ec2/vpc:Vpc", "vpc"), ("aws:kms/key:Key", "key"), ("pulumi:providers:aws", "main")]


def tell(arguments: list[str], events: list[dict[str, object]]) -> None:
    """Send events where ``--event-log`` says, as the CLI does since 3.206."""
    import grpc  # pylint: disable=import-outside-toplevel  # most commands send nothing, and it takes its time

    def encoded(event: dict[str, object]) -> bytes:
        text, size = json.dumps(event).encode(), b""
        left = len(text)
        while left > 127:
            size, left = size + bytes([left & 127 | 128]), left >> 7
        return b"\x0a" + size + bytes([left]) + text  # protobuf: field 1, a string

    target = arguments[arguments.index("--event-log") + 1].removeprefix("tcp://")
    with grpc.insecure_channel(target) as channel:
        send = channel.stream_unary("/pulumirpc.Events/StreamEvents", request_serializer=encoded)
        assert send(iter(events)) == b""


def step(op: str, kind: str, name: str) -> dict[str, object]:
    """Return the event of a finished step."""
    urn = f"urn:pulumi:stack::tap::{kind}::{name}"
    metadata = {"op": op, "urn": urn, "type": kind, "provider": "", "keys": [], "diffs": [], "detailedDiff": None}
    return {"sequence": 1, "timestamp": 1, "resOutputsEvent": {"metadata": metadata, "planning": False}}


def main(arguments: list[str]) -> int:
    """Do what a command asks for; every command is written down."""
    arguments = [word for word in arguments if word != "--non-interactive"]
    home = Path(os.environ["FAKE_PULUMI"])
    with (home / "calls").open("a", encoding="utf-8") as calls:
        environ = {name: value for name, value in os.environ.items() if name.startswith(("PULUMI_", "AWS_ENDPOINT"))}
        print(json.dumps([arguments, os.getcwd(), environ]), file=calls)
    state = home / "state.json"
    if (home / f"fail-{arguments[0]}").exists():
        words = (home / f"fail-{arguments[0]}").read_text(encoding="utf-8")
        (home / f"fail-{arguments[0]}").unlink()
        if "--event-log" in arguments:
            diagnostic = {"message": words, "color": "never", "severity": "error", "prefix": "", "urn": ""}
            tell(arguments, [{"sequence": 1, "timestamp": 1, "diagnosticEvent": diagnostic}])
        print(f"error: {words}", file=sys.stderr)
        return 255
    known = json.loads(state.read_text()) if state.exists() else {"stack": "", "there": False}
    answer = ""
    match arguments[:2]:
        case ["version", *_]:
            answer = "v3.272.0"
        case ["stack", "init"]:
            if known["stack"]:
                print("error: stack already exists", file=sys.stderr)
                return 255
            known["stack"] = arguments[2]
        case ["stack", "rm"]:
            known["stack"] = ""
        case ["stack", "history"]:
            changes = {"same": 3} if known["same"] else {"create": 3}
            summary = {"kind": "update", "startTime": "2026-01-01T00:00:00.000Z", "message": "", "environment": {}}
            answer = json.dumps([{**summary, "config": {}, "result": "succeeded", "resourceChanges": changes}])
        case ["stack", "output"]:
            shown = "--show-secrets" in arguments
            answer = json.dumps({"vpc": "vpc-1", "word": "correct horse" if shown else "[secret]"})
        case ["up", _]:
            tell(arguments, [step("same" if known["there"] else "create", *found) for found in STEPS])
            known["same"], known["there"] = known["there"], True
        case ["destroy", _]:
            tell(arguments, [step("delete", *found) for found in reversed(STEPS)])
            known["there"] = known["same"] = False
    state.write_text(json.dumps(known), encoding="utf-8")
    print(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
