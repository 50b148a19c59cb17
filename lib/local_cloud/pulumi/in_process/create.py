"""The making and the removing of one resource, as its entry says."""

import re
import secrets
import time
from collections.abc import Callable

from botocore.exceptions import ClientError, ParamValidationError

from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi.in_process.clients import Clients
from lib.local_cloud.pulumi.in_process.resource_type import ResourceOperation, ResourceType, tag_member, tags_for
from lib.local_cloud.pulumi.in_process.state import StateEntry

GONE = re.compile(r"NotFound|NoSuch|NotExist|^404$")
BUSY = re.compile(r"DependencyViolation|InUse|DeleteConflict|InProgress|StateFault|Contains|ConflictException")
BUSY_SECONDS, PAUSE_SECONDS = 20.0, 0.25
MINE = ("region", "tags", "tagsAll")  # inputs that every entry treats alike


def auto_name(kind: ResourceType, title: str, inputs: JsonMapping) -> JsonObject:
    """Return the inputs with a name: Pulumi's own rule where the program leaves it out."""
    prefix = inputs.get(f"{kind.name}Prefix", f"{title}-")
    rest = {name: value for name, value in inputs.items() if name != f"{kind.name}Prefix"}
    return rest if not kind.name or kind.name in rest else {**rest, kind.name: prefix + secrets.token_hex(4)[:7]}


def taggable(kind: ResourceType, shape: JsonValue) -> bool:
    """Tell whether an entry has a place for tags."""
    return bool(kind.tag_type or kind.tag or kind.tagged or (shape is not None and tag_member(shape)))


def prepare(operation: ResourceOperation) -> None:
    """Find a place for every input, before anything is called.

    Raises:
        LocalCloudError: naming the input that has none.
    """
    kind = operation.kind
    asked_for_tags = bool(operation.inputs.get("tags"))
    operation.inputs = auto_name(
        kind, operation.title, {name: operation.inputs[name] for name in operation.inputs if name not in MINE}
    )
    own = set(operation.inputs) - kind.handled()
    shape = operation.shape(kind.create) if isinstance(kind.create, str) else None
    if isinstance(kind.create, str):
        operation.parameters = {**kind.given, **operation.translated(kind.create, own)}
        attributes = {
            to: _text(operation.inputs[name]) for name, to in kind.attributes.items() if name in operation.inputs
        }
        if attributes:
            operation.parameters["Attributes"] = attributes
        if operation.tags and not kind.tag:
            operation.parameters |= tags_for(shape, operation.tags, kind.tag_type)
    elif own:
        raise operation.error(f"its entry takes no input {sorted(own)[0]!r}: add it there, or name it as ignored.")
    if asked_for_tags and not taggable(kind, shape):
        raise operation.error("its entry takes no 'tags': add a place for them.")


def _text(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def create(operation: ResourceOperation, begun: Callable[[], None]) -> JsonObject:
    """Make a prepared resource, and return its outputs.

    Args:
        operation: the resource.
        begun: is called as soon as there is something to delete.

    Raises:
        LocalCloudError: the API refuses; with its words.
    """
    kind = operation.kind
    if kind.absent:
        operation.id = operation.title
        begun()
        return {}
    try:
        if isinstance(kind.create, str):
            answer: JsonValue = operation.call(kind.create, **operation.parameters)
            for name in filter(None, kind.answer.split(".")):
                answer = answer[int(name) if name.isdigit() else name]
        else:
            answer = kind.create(operation)
        operation.answer = answer or {}
        operation.id = str(operation.value(kind.key))
        begun()
        if kind.tag and operation.tags:
            kind.tag(operation)
        for step in kind.steps:
            if step.always or set(step.inputs) & set(operation.inputs):
                step.run(operation)
        return operation.outputs()
    except (ClientError, ParamValidationError) as error:
        raise operation.error(str(error)) from error


def delete(kind: ResourceType, clients: Clients, record: StateEntry) -> None:
    """Remove a resource; one that is gone already is no error.

    Raises:
        LocalCloudError: the API refuses; with its words.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    parameters = {name: value for name, value in record.handle.items() if not name.startswith("_")}
    while True:
        try:
            if kind.undo:
                kind.undo(lambda service: clients.client(service, record.region), record.handle)
            if kind.delete and not kind.absent:
                getattr(clients.client(kind.service, record.region), kind.delete)(**parameters)
            return
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if GONE.search(code):
                return
            if not BUSY.search(code) or time.monotonic() > deadline:
                raise LocalCloudError(f"{record.type} {record.title!r} cannot be deleted: {error}") from error
        time.sleep(PAUSE_SECONDS)
