"""Runs a Pulumi program under Pulumi's mocks and records what it registers.

Every output of a resource is a token, ``${<type>::<name>.<property>}``: where a token stands among the inputs of
another resource, also inside a policy or a container definition, is a reference. What is recorded is data that JSON
can hold, so that a test can change a copy of it.
"""

import asyncio
import importlib
import keyword
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import NoneType
from typing import Any, ForwardRef, Union, get_args, get_origin
from unittest import mock

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import get_root_resource, set_root_resource

import tap
from lib.common import lambda_package, naming
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping, JsonObject, JsonValue

ACCOUNT = "123456789012"
ZONES = ("a", "b", "c")
PROVIDER = "pulumi:providers:aws"
STACK_REFERENCE = "pulumi:pulumi:StackReference"
TOKEN = re.compile(r"\$\{(aws:\w+/\w+:\w+)::([^}]+?)\.(\w+(?:\[0\](?:\.\w+)?)?)\}")
SECRET = rpc._special_sig_key  # pylint: disable=protected-access  # the SDK has no public name for it
# Names that AWS knows a resource by: whoever uses one of them means the resource, not the text.
PHYSICAL = ("name", "bucket", "clusterName", "clusterIdentifier", "identifier", "family", "dashboardName")


@dataclass(frozen=True)
class Registration:  # pylint: disable=too-many-instance-attributes  # one for each part of a registration
    """One resource as the program registered it.

    ``provider`` is the provider's URN and id, joined by ``::``; ``region`` is that provider's. ``dependencies`` are
    URNs: those of ``depends_on`` and of every output among the inputs. ``aliases`` are names that it had before.
    ``delete_timeout`` is how long its deletion may take, for example ``60m``, where that is not the provider's default.
    """

    type: str
    name: str
    inputs: JsonMapping
    parent: str
    provider: str
    custom: bool
    ignore_changes: tuple[str, ...]
    aliases: tuple[str, ...]
    dependencies: frozenset[str]
    urn: str
    region: str
    retain_on_delete: bool
    protect: bool
    delete_before_replace: bool | None
    delete_timeout: str

    def document(self) -> JsonObject:
        """Return the registration as JSON has it."""
        return {
            "type": self.type,
            "name": self.name,
            "urn": self.urn,
            "parent": self.parent,
            "provider": self.provider,
            "region": self.region,
            "inputs": self.inputs,
            "options": {
                "dependencies": sorted(self.dependencies),
                "ignoreChanges": list(self.ignore_changes),
                "aliases": list(self.aliases),
                "retainOnDelete": self.retain_on_delete,
                "protect": self.protect,
                "deleteBeforeReplace": self.delete_before_replace is True,
                "createBeforeDelete": self.delete_before_replace is False,
                "customTimeouts": {"delete": self.delete_timeout} if self.delete_timeout else {},
            },
        }


def plain(value: JsonValue) -> JsonValue:
    """Return a value as JSON has it: without marks of secrets, archives as their paths, integers as integers."""
    if isinstance(value, dict):
        if SECRET in value:
            return plain(value["value"])
        return {key: plain(value[key]) for key in sorted(value)}  # they come in no order
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, pulumi.FileArchive | pulumi.FileAsset):
        return str(value.path)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def token(kind: str, name: str, attribute: str) -> str:
    """Return what stands for an output of a resource in the inputs of others."""
    return f"${{{kind}::{name}.{attribute}}}"


def outputs(kind: str, name: str) -> JsonObject:
    """Return a token for every output of a type, as its class in pulumi_aws declares them.

    Text and numbers are tokens; a list of them, or of objects, has one element. Flags, maps and single objects have
    none: a program that reads one that it has not given gets None.
    """
    module, _, title = kind.removeprefix("aws:").partition("/")
    module = f"pulumi_aws.{module}{'_' * keyword.iskeyword(module)}"
    declared = getattr(importlib.import_module(module), title.partition(":")[2])
    answers: JsonObject = {}
    for called, annotation in _properties(declared):
        (kept,) = get_args(annotation)  # Output[kept]
        kept = next((kind for kind in get_args(kept) if get_origin(kept) is Union and kind is not NoneType), kept)
        if kept in (str, int, float):
            answers[called] = token(kind, name, called)
        elif get_origin(kept) is Sequence:
            answers[called] = [_item(kind, name, called, get_args(kept)[0], module)]
    return answers


def _properties(declared: type) -> Iterator[tuple[str, Any]]:
    """Yield a class's properties by Pulumi's names, with their annotations."""
    for attribute, member in vars(declared).items():
        if isinstance(member, property) and member.fget:
            yield getattr(member.fget, "_pulumi_name", attribute), member.fget.__annotations__.get("return")


def _item(kind: str, name: str, called: str, item: Any, module: str) -> Any:
    """Return the first element of a list: a token, or an object of tokens."""
    if not isinstance(item, ForwardRef):
        return token(kind, name, f"{called}[0]")
    declared = getattr(importlib.import_module(f"{module}.outputs"), item.__forward_arg__.rpartition(".")[2])
    return {field: token(kind, name, f"{called}[0].{field}") for field, _annotation in _properties(declared)}


class Recorder(mocks.Mocks):
    """Answers as AWS's provider would, with tokens."""

    def __init__(self) -> None:
        self._regions: dict[str, str] = {}

    def region(self, provider: str) -> str:
        """Return the region of a provider, which is named by its URN and id, joined by ``::``."""
        return self._regions[provider.rpartition("::")[2]]

    def call(self, args: mocks.MockCallArgs) -> JsonObject:  # type: ignore[override]  # mocks may answer with a dict
        """Answer a question about the account.

        Raises:
            SettingError: no answer to it is known.
        """
        if args.token == "aws:index/getAvailabilityZones:getAvailabilityZones":  # noqa: S105 - a function's name
            where = self.region(args.provider)
            return {"names": [f"{where}{letter}" for letter in ZONES], "id": where}
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":  # noqa: S105  # a function's name
            return {"accountId": ACCOUNT, "arn": "", "userId": "", "id": ACCOUNT}
        raise SettingError(f"The program calls {args.token}: add an answer to {__name__}.Recorder.")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, JsonObject]:
        """Return a resource's id and outputs: its own inputs, but for the names by which others refer to it."""
        inputs = plain(args.inputs)
        if args.typ == STACK_REFERENCE:  # a first deployment: no stack has outputs yet
            return args.name, {**inputs, "outputs": {}, "secretOutputNames": []}
        if not args.typ.startswith("aws:"):
            identity = f"{args.name}-id"
            if args.typ == PROVIDER:
                self._regions[identity] = inputs["region"]
            return identity, inputs
        own = {key: value for key, value in inputs.items() if key not in PHYSICAL}
        return token(args.typ, args.name, "id"), {**outputs(args.typ, args.name), **own}


class Monitor(mocks.MockMonitor):
    """Records each registration with what the mocks are not told: parent and options."""

    def __init__(self, answers: mocks.Mocks, region: Callable[[str], str]) -> None:
        super().__init__(answers)
        self.registrations: list[Registration] = []
        self.repeated: list[str] = []
        self._region, self._seen, self._lock = region, set[str](), Lock()

    def RegisterResource(self, request: Any) -> Any:  # pylint: disable=invalid-name  # gRPC's name
        """Record a resource.

        One that was registered before, which Pulumi's engine refuses, is kept apart: an error raised here would reach
        the program as a future that nobody waits for.
        """
        urn = str(self.make_urn(request.parent, request.type, request.name))
        with self._lock:
            if urn in self._seen:
                self.repeated.append(f"{request.type} {request.name!r}")
            self._seen.add(urn)
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # the SDK's own gap
        provider = request.provider or dict(request.providers).get("aws", "")
        self.registrations.append(
            Registration(
                type=request.type,
                name=request.name,
                inputs=plain(rpc.deserialize_properties(request.object, keep_unknowns=True)),
                parent=request.parent,
                provider=provider,
                custom=request.custom,
                ignore_changes=tuple(request.ignoreChanges),
                # The SDK adds one for each former name of a type.
                aliases=tuple(filter(None, (alias.spec.name for alias in request.aliases))),
                dependencies=frozenset(request.dependencies),
                urn=answer.urn,
                region=self._region(provider) if provider else "",
                retain_on_delete=request.retainOnDelete,
                protect=request.protect,
                # None leaves it to the provider.
                delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
                delete_timeout=request.customTimeouts.delete,
            )
        )
        return answer


@contextmanager
def own_loops() -> Iterator[None]:
    """Close the event loops that Pulumi makes, one for each thread, and leaves open."""
    loops, make = [], asyncio.new_event_loop

    def new_event_loop() -> asyncio.AbstractEventLoop:
        loops.append(make())
        return loops[-1]

    with mock.patch.object(asyncio, "new_event_loop", new_event_loop):
        asyncio.set_event_loop(asyncio.new_event_loop())
        try:
            yield
        finally:
            loops[0].run_until_complete(loops[0].shutdown_default_executor())
            asyncio.set_event_loop(None)
            for loop in loops:
                loop.close()


def run(
    function: Callable[[], object], answers: mocks.Mocks, monitor: Monitor, stack: str, config: Mapping[str, str]
) -> JsonObject:
    """Run a program under mocks, wait for everything that it started, and return what it exports.

    Raises:
        ValueError: it declares a resource twice.
    """
    exports: JsonObject = {}

    def program() -> pulumi.Output[None]:
        function()
        stack: Any = get_root_resource()
        return pulumi.Output.all(**stack.outputs).apply(exports.update)

    with own_loops():
        set_root_resource(None)  # type: ignore[arg-type]  # forget another program of this process
        mocks.set_mocks(answers, project="tap", stack=stack, preview=False, monitor=monitor)
        pulumi.runtime.set_all_config(dict(config))
        try:
            pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]  # the SDK's own gap
        finally:
            pulumi.runtime.set_all_config({})
            set_root_resource(None)  # type: ignore[arg-type]  # a program that is run for real begins without one
    if monitor.repeated:
        raise ValueError(f"{', '.join(sorted(monitor.repeated))} is declared twice")
    return exports


def record(system: str, environ: Mapping[str, str], package: Path | None = None) -> JsonObject:
    """Return what a system's program declares, as data.

    Args:
        system: its name.
        environ: the settings; ``ENVIRONMENT_SUFFIX`` is the stack's suffix.
        package: stands for the zip of every function; None has each of them built.

    Returns:
        ``registrations``: resources and providers of AWS, by type and name, for programs under mocks have no order
        of their own; ``outputs``: what the program exports.

    Raises:
        SettingError: the program refuses a setting, or calls a function that has no answer here.
    """
    program, suffix = tap.load(system), environ.get(naming.SUFFIX) or naming.SUFFIX_DEFAULT
    answers = Recorder()
    monitor = Monitor(answers, answers.region)
    built = mock.patch.object(lambda_package, "build", return_value=package) if package else nullcontext()
    with built:
        exports = run(lambda: program.build(suffix, environ), answers, monitor, f"{system}-{suffix}", {})
    registrations = [item for item in monitor.registrations if item.type == PROVIDER or item.type.startswith("aws:")]
    return {
        "registrations": [item.document() for item in sorted(registrations, key=lambda item: (item.type, item.name))],
        "outputs": plain(exports),
    }
