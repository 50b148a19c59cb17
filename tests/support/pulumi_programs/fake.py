"""A cloud of one service and one resource type, in memory, and programs for it: no emulator, no pulumi_aws."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from lib.common import region as regions
from lib.local_cloud.pulumi.in_process import apply, destroy
from lib.local_cloud.pulumi.in_process.monitor import Monitor
from lib.local_cloud.pulumi.in_process.resource_type import ResourceOperation, ResourceType, Step
from lib.local_cloud.pulumi.in_process.state import StackState

HOME, AWAY, FAR = sorted(regions.known())[:3]
THING = "aws:tap/thing:Thing"
HEADER = f"""
import json
import pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, title, opts=None, **inputs):
        outputs = dict.fromkeys(("arn", "size", "never", "tags", "tagsAll", "region", "password"))
        super().__init__("{THING}", title, {{**outputs, **inputs}}, opts)

class Group(pulumi.ComponentResource):
    def __init__(self, title):
        super().__init__("tap:index:Group", title)
"""


def refusal(code: str) -> ClientError:
    """Return an error of the API."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DeleteThing")


class FakeCloud:
    """What there is, what was asked for, and what goes wrong."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self.refuse: dict[str, list[str]] = {}  # logical name: codes, one for each attempt
        self.emulator = "ministack 1@1"
        self.before: Callable[[str], None] = lambda _title: None
        self._lock = Lock()

    def client(self, _service: str, region: str) -> "Region":
        """Return a client."""
        return Region(self, region)

    def server(self, _service: str) -> str:
        """Return which run keeps the things."""
        return self.emulator

    def refuses(self, title: str) -> None:
        """Raise what is to go wrong with a thing, if anything is."""
        if self.refuse.get(title):
            raise refusal(self.refuse[title].pop(0))

    def made(self, operation: str) -> list[str]:
        """Return the logical names that an operation was called for."""
        return [title for found, title in self.calls if found == operation]

    def note(self, operation: str, title: str) -> None:
        """Write a call down."""
        with self._lock:
            self.calls.append((operation, title))


class Region:
    """A client of the service."""

    def __init__(self, world: FakeCloud, region: str) -> None:
        self.world, self.region = world, region

    def delete_thing(self, Title: str) -> None:  # pylint: disable=invalid-name
        """Delete a thing."""
        self.world.note("delete", Title)
        self.world.refuses(Title)
        if Title not in self.world.things:
            raise refusal("ThingNotFound")
        del self.world.things[Title]


def _create(act: ResourceOperation) -> Mapping[str, Any]:
    world: Any = act.clients
    world.before(act.title)
    world.note("create", act.title)
    world.refuses(f"create {act.title}")
    world.things[act.title] = {"inputs": dict(act.inputs), "tags": act.tags, "region": act.region}
    return {"Arn": f"arn:{act.title}", "Size": 3}


def _finish(act: ResourceOperation) -> None:
    world: Any = act.clients
    world.note("finish", act.title)
    world.refuses(f"finish {act.title}")


RESOURCE_TYPES = {
    THING: ResourceType(
        "things",
        _create,
        key="Arn",
        uses=("size", "password", "parent", "text", "items", "content"),
        tagged=True,
        steps=(Step(("finish",), _finish),),
        delete="delete_thing",
        by={"Title": lambda act: act.title},
        outputs={"arn": "Arn", "size": "Size"},
        ignored={"note": "nobody reads it"},
        cannot={"gold": "there is none"},
        lost=("text",),
        instead={"password": ("a password in clear", "it has no other")},
    ),
    "aws:tap/nothing:Nothing": ResourceType("things", _create, absent="there is none"),
}


class Run:
    """A program and its state, applied to the world as often as one likes."""

    def __init__(self, folder: Path, world: FakeCloud, monkeypatch: Any) -> None:
        self.folder, self.world, self.told = folder, world, list[str]()
        self.monitor: Monitor | None = None
        monkeypatch.setattr(destroy, "RESOURCE_TYPES", RESOURCE_TYPES)
        monkeypatch.setattr("lib.local_cloud.pulumi.in_process.create.PAUSE_SECONDS", 0)

    @property
    def path(self) -> Path:
        """Where the state is."""
        return self.folder / "pulumi" / "stack.json"

    def state(self) -> StackState:
        """Return the state as it is in the file."""
        return StackState(self.path, [self.world.emulator])

    def up(self, body: str) -> Monitor:
        """Apply a program."""
        program = self.folder / "program.py"
        program.write_text(HEADER + body, encoding="utf-8")
        clients: Any = self.world
        self.monitor = Monitor(self.state(), clients, HOME, self.told.append, kinds=RESOURCE_TYPES)
        apply.apply(self.monitor, "stack", clients, program)
        return self.monitor

    def down(self) -> None:
        """Remove everything."""
        state = self.state()
        clients: Any = self.world
        destroy.remove(state, clients, list(state.records), self.told.append)
