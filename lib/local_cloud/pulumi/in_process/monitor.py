"""What a Pulumi program talks to in the in-process way: it makes the resources that the program declares."""
# pylint: disable=no-member  # protobuf's classes are made when its modules are imported

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Lock

from google.protobuf import empty_pb2, json_format, struct_pb2  # type: ignore[import-untyped]  # protobuf has no types
from pulumi.runtime import mocks
from pulumi.runtime.proto import provider_pb2, resource_pb2
from pulumi.runtime.settings import get_stack

from lib.common import region as regions
from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import ENTRIES
from lib.local_cloud.pulumi.in_process import create
from lib.local_cloud.pulumi.in_process.clients import Clients
from lib.local_cloud.pulumi.in_process.invokes import INVOKES
from lib.local_cloud.pulumi.in_process.resource_type import ResourceOperation, ResourceType
from lib.local_cloud.pulumi.in_process.resource_types import RESOURCE_TYPES
from lib.local_cloud.pulumi.in_process.state import StackState, StateEntry
from lib.local_cloud.pulumi.in_process.values import UnknownValue, masked, plain, secret, texts

STACK_REFERENCE = "pulumi:pulumi:StackReference"
STACK, PROVIDERS, AWS = "pulumi:pulumi:Stack", "pulumi:providers:", "pulumi:providers:aws"
Report = Callable[[str], None]


@dataclass(frozen=True)
class Provider:
    """Where a provider works, and the tags that it gives to everything."""

    region: str
    tags: Mapping[str, str]


class Monitor(mocks.MockMonitor):
    """Stands where Pulumi's engine stands for a program.

    Args:
        state: what there is already; brought up to date.
        clients: the cloud.
        region: where the default provider works.
        report: is told of every resource.
        kinds: the table of resource types.
    """

    def __init__(
        self,
        state: StackState,
        clients: Clients,
        region: str,
        report: Report,
        *,
        kinds: Mapping[str, ResourceType] = RESOURCE_TYPES,
    ) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # whatever would ask the mocks is overridden
        self.state, self.report = state, report
        self._clients, self._kinds = clients, kinds
        self._providers = {"": Provider(region, {})}
        self._lock = Lock()
        self.seen: set[str] = set()
        self.exports: JsonObject = {}
        self.changed = False
        self.stopping = Event()

    def RegisterResource(  # pylint: disable=invalid-name  # gRPC's name
        self,
        request: resource_pb2.RegisterResourceRequest,
    ) -> resource_pb2.RegisterResourceResponse:
        """Make a resource, or find it in the state."""
        urn = str(self.make_urn(request.parent, request.type, request.name))
        title = f"{request.type} {request.name!r}"
        if request.importId:
            raise LocalCloudError(f"{title} is imported: this way knows no existing resources.")
        if request.type.startswith(PROVIDERS):
            self._provide(urn, title, request)
            return resource_pb2.RegisterResourceResponse(urn=urn, id="provider")
        if not request.custom:  # a component, or the stack itself
            return resource_pb2.RegisterResourceResponse(urn=urn)
        with self._lock:
            if urn in self.seen:
                raise LocalCloudError(f"{title} is declared twice.")
            self.seen.add(urn)
        record, outputs = self._resource(urn, title, request)
        answer = json_format.ParseDict(outputs, struct_pb2.Struct())
        return resource_pb2.RegisterResourceResponse(urn=urn, id=record.id, object=answer)

    def ReadResource(  # pylint: disable=invalid-name  # gRPC's name
        self,
        request: resource_pb2.ReadResourceRequest,
    ) -> resource_pb2.ReadResourceResponse:
        """Answer what the stack exported last; refuse to look for what the program did not make."""
        if request.type == STACK_REFERENCE and request.id.endswith(f"/{get_stack()}"):
            known = {"name": request.id, "outputs": self.state.exports, "secretOutputNames": []}
            answer = json_format.ParseDict(known, struct_pb2.Struct())
            urn = str(self.make_urn(request.parent, request.type, request.name))
            return resource_pb2.ReadResourceResponse(urn=urn, properties=answer)
        raise LocalCloudError(f"{request.type} {request.name!r} is read by id: this way knows no existing resources.")

    def Invoke(  # pylint: disable=invalid-name  # gRPC's name
        self,
        request: resource_pb2.ResourceInvokeRequest,
    ) -> provider_pb2.InvokeResponse:
        """Answer a function of the provider."""
        function = INVOKES.get(request.tok)
        if function is None:
            raise LocalCloudError(
                f"{request.tok}: this function has no entry in lib/local_cloud/pulumi/in_process/invokes.py."
            )
        arguments, _secret = plain(json_format.MessageToDict(request.args))
        region = arguments.pop("region", self._providers[request.provider].region)
        answer = json_format.ParseDict(dict(function(arguments, self._clients, region)), struct_pb2.Struct())
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def RegisterResourceOutputs(  # pylint: disable=invalid-name  # gRPC's name
        self,
        request: resource_pb2.RegisterResourceOutputsRequest,
    ) -> empty_pb2.Empty:
        """Keep what the program exports."""
        if request.urn.split("::")[2] == STACK:
            self.exports = masked(json_format.MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]  # the SDK's own gap

    def _provide(self, urn: str, title: str, request: resource_pb2.RegisterResourceRequest) -> None:
        given = {name: value for name, value in _inputs(title, request)[0].items() if not name.startswith("skip")}
        tags = json_format.MessageToDict(json_format.Parse(given.pop("defaultTags", "{}"), struct_pb2.Struct()))
        region = given.pop("region", self._providers[""].region)
        if request.type != AWS or given:
            what = f"takes no input {sorted(given)[0]!r}" if given else "is not known"
            raise LocalCloudError(f"{title}: without the Pulumi CLI it {what}.")
        self._providers[f"{urn}::provider"] = Provider(region, plain(tags)[0].get("tags", {}))

    def _resource(
        self, urn: str, title: str, request: resource_pb2.RegisterResourceRequest
    ) -> tuple[StateEntry, JsonObject]:
        kind = self._kinds.get(request.type)
        if kind is None:
            raise LocalCloudError(f"{title}: this type has no entry in {ENTRIES}.")
        (inputs, hidden), provider = _inputs(title, request), self._providers[request.provider]
        tags, region = {**provider.tags, **inputs.get("tags", {})}, inputs.get("region", provider.region)
        if region not in regions.known():
            raise LocalCloudError(f"{title}: {region!r} is no AWS region.")
        operation = ResourceOperation(kind, request.type, request.name, inputs, tags, region, self._clients, hidden)
        prints = self.state.fingerprints({**inputs, "region": region, "tags": tags})
        old = self.state.records.get(urn)
        if old and old.done:
            _refuse_changes(
                operation, old.inputs, prints, {re.split(r"[.\[]", name)[0] for name in request.ignoreChanges}
            )
            operation.id = old.id  # secret outputs are not in the state: they are read again
            return old, {**old.outputs, **{name: secret(operation.value(kind.outputs[name])) for name in kind.secret}}
        if self.stopping.is_set():
            raise LocalCloudError("Interrupted: the same command goes on where it stopped.")
        return self._make(urn, operation, prints, old)

    def _make(
        self, urn: str, operation: ResourceOperation, prints: dict[str, str], half: StateEntry | None
    ) -> tuple[StateEntry, JsonObject]:
        create.prepare(operation)
        if half is not None:  # its making was interrupted: begin again
            create.delete(operation.kind, self._clients, half)
            self.state.remove(urn)
        server = self._clients.server(operation.kind.service)
        record = StateEntry(
            operation.token, operation.title, operation.region, server, prints, differs=differences(operation)
        )

        def begun() -> None:
            record.id, record.handle = operation.id, operation.handle()
            self.state.put(urn, record)

        self.changed = True
        outputs = create.create(operation, begun)
        record.outputs = {name: value for name, value in outputs.items() if name not in operation.kind.secret}
        record.done = True
        self.state.put(urn, record)
        self.report(f"{len(self.state.records)} {operation.token.split(':')[-1]} {operation.title} created")
        return record, {
            name: secret(value) if name in operation.kind.secret else value for name, value in outputs.items()
        }


def _inputs(title: str, request: resource_pb2.RegisterResourceRequest) -> tuple[JsonObject, tuple[str, ...]]:
    """Return a resource's inputs, unwrapped, and the texts of its secrets; None never travels.

    Raises:
        LocalCloudError: a value is not known.
    """
    inputs: JsonObject = {}
    hidden: tuple[str, ...] = ()
    for name, given in json_format.MessageToDict(request.object).items():
        try:
            inputs[name], is_secret = plain(given)
        except UnknownValue as error:
            raise LocalCloudError(f"{title}: the value of {name!r} is not known {error}") from error
        hidden += texts(inputs[name]) if is_secret else ()
    return inputs, hidden


def _refuse_changes(
    operation: ResourceOperation, old: Mapping[str, str], new: Mapping[str, str], free: set[str]
) -> None:
    changed = sorted(name for name in {*old, *new} - free if old.get(name) != new.get(name))
    if changed:
        raise operation.error(
            f"changed in {', '.join(changed)} since it was made, and without the Pulumi CLI nothing is updated in "
            "place: run scripts/down, then scripts/up."
        )


def _given(value: JsonValue, path: Sequence[str]) -> bool:
    """Tell whether there is anything at a path, in any item of the lists on its way."""
    if not path:
        return bool(value)
    if isinstance(value, list):
        return any(_given(item, path) for item in value)
    return isinstance(value, dict) and _given(value.get(path[0]), path[1:])


def differences(operation: ResourceOperation) -> list[tuple[str, str]]:
    """Return what the emulator cannot give to a resource: what, why."""
    kind, entry = operation.token.split(":")[-1], operation.kind
    if entry.absent:
        return [(f"{kind} left out", entry.absent)]
    rows = [(f"{kind}: {name} left out", why) for name, why in entry.cannot.items() if name in operation.inputs]
    everything = {**operation.inputs, "tags": operation.tags}
    lost = [path for path in entry.lost if _given(everything, path.split("."))]
    rows += [(f"{kind}: {', '.join(lost)} not kept", f"lost by its {entry.service}")] if lost else []
    return rows + [reason for path, reason in entry.instead.items() if _given(everything, path.split("."))]
