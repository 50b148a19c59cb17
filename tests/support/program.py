"""Declares a Pulumi system's program under mocks, afresh for each environment, and records what it declares."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from types import MappingProxyType
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.settings import get_root_resource, set_root_resource

import tap
from lib.common import region
from lib.declared.pulumi_program import own_loops
from tests.support.production import ON_DUTY

ACCOUNT = "123456789012"
# The Pulumi systems of this checkout.
SYSTEMS = tuple(name for name, system in tap.SYSTEMS.items() if system.iac_tool == "pulumi")
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"
# What a provider returns beyond the inputs; names in braces are those of the resource.
MANAGED_SECRET = [
    {
        "secretArn": "arn:{partition}:secretsmanager:{region}:" + ACCOUNT + ":secret:rds!{name}-1-AbCdEf",
        "kmsKeyId": "k",
        "secretStatus": "active",
    }
]
COMPUTED: Mapping[str, Mapping[str, Any]] = {
    "aws:apigateway/restApi:RestApi": {
        "executionArn": "arn:{partition}:execute-api:{region}:" + ACCOUNT + ":{name}",
        "rootResourceId": "root",
    },
    "aws:apigateway/stage:Stage": {"invokeUrl": "https://api.execute-api.{region}.{dns}/v1"},
    "aws:lambda/function:Function": {
        "invokeArn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{physical}/invocations"
    },
    "aws:lambda/invocation:Invocation": {"result": "{{}}"},
    "aws:rds/instance:Instance": {
        "address": "{physical}.c1.{region}.rds.{dns}",
        "resourceId": "db-1",
        "masterUserSecrets": MANAGED_SECRET,
    },
    "aws:sqs/queue:Queue": {"url": "https://sqs.{region}.{dns}/" + ACCOUNT + "/{physical}"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"prefixListId": "pl-{name}"},
    "aws:ec2/eip:Eip": {"allocationId": "eipalloc-{name}"},
    "aws:ecr/repository:Repository": {"repositoryUrl": ACCOUNT + ".dkr.ecr.{region}.{dns}/{physical}"},
    "aws:kms/key:Key": {"keyId": "{name}-key"},
    "aws:lb/loadBalancer:LoadBalancer": {
        "arnSuffix": "app/{physical}/50dc6c495c0c9188",
        "dnsName": "{physical}-1.{region}.elb.{dns}",
        "zoneId": "ZBALANCER",
    },
    "aws:lb/targetGroup:TargetGroup": {"arnSuffix": "targetgroup/{physical}/73e2d6bc24d8a067"},
    "aws:rds/cluster:Cluster": {
        "endpoint": "{physical}.cluster-c1.{region}.rds.{dns}",
        "readerEndpoint": "{physical}.cluster-ro-c1.{region}.rds.{dns}",
        "clusterResourceId": "cluster-1",
        "masterUserSecrets": MANAGED_SECRET,
    },
}
PHYSICAL = ("name", "clusterIdentifier", "identifier", "bucket", "family", "dashboardName", "clusterName")


@dataclass(frozen=True)
class Declared:
    """One resource as the program declared it."""

    kind: str
    name: str
    inputs: Mapping[str, Any]
    parent: str
    provider: str
    custom: bool
    ignored: tuple[str, ...]
    depends_on: frozenset[str]
    urn: str
    region: str
    retained: bool


@dataclass
class Program:
    """Everything that one program declared and exported."""

    resources: list[Declared] = field(default_factory=list)
    calls: list[mocks.MockCallArgs] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> list[Declared]:
        """Return the resources of a type, for example ``ec2/vpc:Vpc``."""
        return [found for found in self.resources if found.kind == f"aws:{kind}"]

    def one(self, kind: str, name: str | None = None) -> Mapping[str, Any]:
        """Return the inputs of the only resource of a type, or of the one with a logical name."""
        found = [r for r in self.of(kind) if name in (None, r.name)]
        assert len(found) == 1, f"{len(found)} of {kind} {name or ''}"
        return found[0].inputs


def plain(value: Any) -> Any:
    """Return a value without Pulumi's marks of secrets."""
    if isinstance(value, dict):
        if SECRET_SIGNATURE in value:
            return plain(value["value"])
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def fill(value: Any, words: Mapping[str, str]) -> Any:
    """Return a computed value with the resource's own names in it."""
    if isinstance(value, str):
        return value.format(**words)
    if isinstance(value, list):
        return [fill(item, words) for item in value]
    return {key: fill(item, words) for key, item in value.items()}


class Provider(mocks.Mocks):
    """Answers as the AWS provider does; ARNs have the region of the resource's provider."""

    def __init__(self, program: Program, zones: int, before: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.program, self.zones, self.before = program, zones, before
        self.regions: dict[str, str] = {}

    def where(self, provider: str) -> str:
        """Return the region of a provider reference (``urn::id``)."""
        return self.regions[provider.rpartition("::")[2]]

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        self.program.calls.append(args)
        where = self.where(args.provider)
        if args.token == "aws:index/getAvailabilityZones:getAvailabilityZones":
            return {"names": [f"{where}{letter}" for letter in "cabdef"[: self.zones]], "id": where}
        assert args.token == "aws:index/getCallerIdentity:getCallerIdentity", args.token
        return {"accountId": ACCOUNT, "arn": "", "userId": "", "id": ACCOUNT}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = plain(args.inputs)
        identity = f"{args.name}-id"
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {**inputs, "outputs": dict(self.before), "secretOutputNames": []}
        if args.typ.startswith("pulumi:providers:"):
            self.regions[identity] = inputs["region"]
            return identity, inputs
        if not args.custom:
            return "", {}
        where = self.where(args.provider or "")
        words = {
            "name": args.name,
            "physical": next((str(inputs[key]) for key in PHYSICAL if key in inputs), args.name),
            "region": where,
            "partition": region.partition(where),
            "dns": region.dns_suffix(where),
        }
        service, _slash, kind = args.typ.split(":")[1].partition("/")
        arn = f"arn:{words['partition']}:{service}:{where}:{ACCOUNT}:{kind}/{words['physical']}"
        return identity, {**inputs, "arn": arn, **fill(dict(COMPUTED.get(args.typ, {})), words)}


class Monitor(mocks.MockMonitor):
    """Records what the mocks' own monitor does not pass on: parents, options."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        self.provider = provider
        self.declared, self.lock = set[str](), Lock()

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        with self.lock:
            if urn in self.declared:
                raise ValueError(f"{request.type} {request.name!r} is declared twice")  # as Pulumi's engine does
            self.declared.add(urn)
        answer = super().RegisterResource(request)
        from pulumi.runtime import rpc

        inputs = plain(rpc.deserialize_properties(request.object, keep_unknowns=True))
        provider = request.provider or dict(request.providers).get("aws", "")
        where = self.provider.where(provider) if provider else ""
        self.provider.program.resources.append(
            Declared(
                request.type,
                request.name,
                inputs,
                request.parent,
                provider,
                request.custom,
                tuple(request.ignoreChanges),
                frozenset(request.dependencies),
                answer.urn,
                where,
                request.retainOnDelete,
            )
        )
        return answer


def run(function: Any, provider: Provider, stack: str, config: Mapping[str, str]) -> Program:
    """Run a program under mocks, wait for everything that it started, and return what it declared."""

    @pulumi.runtime.test
    def whole() -> Any:
        function()
        return pulumi.Output.all(**get_root_resource().outputs).apply(provider.program.outputs.update)

    with own_loops():
        set_root_resource(None)
        mocks.set_mocks(provider, project="tap", stack=stack, preview=False, monitor=Monitor(provider))
        pulumi.runtime.set_all_config(dict(config))
        try:
            whole()
        finally:
            pulumi.runtime.set_all_config({})
            set_root_resource(None)  # a program that is run for real begins without one
    return provider.program


def declare(
    environ: Mapping[str, str],
    *,
    system: str = SYSTEMS[0],
    suffix: str = "dev",
    config: Mapping[str, str] | None = None,
    zones: int = 3,
    before: Mapping[str, Any] = MappingProxyType({}),
) -> Program:
    """Return what a system declares in an environment; ``before`` has the outputs of the latest deployment."""
    stack = importlib.import_module(f"lib.{system.replace('-', '_')}.stack")
    provider = Provider(Program(), zones, before)
    return run(lambda: stack.build(suffix, environ), provider, f"{system}-{suffix}", config or {})


@lru_cache
def program(zones: int = 3, suffix: str = "dev", system: str = SYSTEMS[0], **environ: str) -> Program:
    """Return what a system declares; the same program for the same environment. The Flask API gets an image."""
    settings = importlib.import_module(f"lib.{system.replace('-', '_')}.settings").Settings
    asked = environ.get("ENVIRONMENT", settings.environment.default)
    return declare(
        {"IMAGE": "v1", **(ON_DUTY if asked == "production" else {}), **environ},
        system=system,
        suffix=suffix,
        zones=zones,
    )
