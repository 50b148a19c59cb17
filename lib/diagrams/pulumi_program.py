"""From a Pulumi program to what ``scripts/draw`` reads: resources as a CloudFormation template writes them.

The program runs under Pulumi's mocks, which answer every output with a token, ``${Type_name.Attribute}``: where a
token turns up among the inputs of another resource, also inside a policy or a container's description, is a reference.

    python -m lib.diagrams.pulumi_program flask-api     the template, as JSON
"""

import importlib
import json
import keyword
import os
import re
import sys
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import get_args
from unittest import mock

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource

import tap
from lib.common import lambda_package, naming
from lib.common.errors import SettingError
from lib.common.json_types import JsonObject, JsonValue
from lib.declared.pulumi_program import STACK_REFERENCE, own_loops
from lib.diagrams.cloudformation_types import API, INTERNET, OUTSIDE
from lib.diagrams.pulumi_types import TYPES, Type
from lib.diagrams.template import SUBSTITUTE, references

ROOT = Path(__file__).resolve().parents[2]

# An image, so that the service is in the picture; and what a system is made for.
ENVIRON = {
    "ENVIRONMENT": "production",
    "IMAGE": "v1",
    "ALARM_EMAIL": "team@example.org",
    "PLAIN_HTTP": "accepted",
}
SUFFIX = "live"
# What a resource is called: others that use it mean the resource, not the text.
PHYSICAL = ("name", "bucket", "clusterName", "clusterIdentifier", "identifier", "family", "dashboardName")
# Attributes that are no plain text, and the one thing in them that a program asks for.
NESTED = {"masterUserSecrets": ("MasterUserSecret", "secretArn")}
ZONES = ("a", "b", "c")
ACCOUNT = "123456789012"
PSEUDO = re.compile(r"\w+:")  # a variable of a policy, not a token


def token(kind: str, name: str, attribute: str) -> str:
    """Return what stands for an attribute of a resource in the inputs of others."""
    return f"${{{identity(kind, name)}.{attribute[:1].upper()}{attribute[1:]}}}"


def identity(kind: str, name: str) -> str:
    """Return a resource's logical id: Pulumi's names are unique for each type, CloudFormation's for all of them."""
    service, _, title = kind.removeprefix("aws:").partition("/")
    return re.sub(r"[^A-Za-z0-9]", "_", f"{service}_{title.partition(':')[2]}_{name}")


def outputs(kind: str, name: str) -> JsonObject:
    """Return a token for every attribute of a resource that is text, as its class in pulumi_aws declares them."""
    module, _, title = kind.removeprefix("aws:").partition("/")
    module += "_" * keyword.iskeyword(module)
    declared = getattr(importlib.import_module(f"pulumi_aws.{module}"), title.partition(":")[2])
    values: JsonObject = {}
    for attribute, getter in vars(declared).items():
        if isinstance(getter, property) and getter.fget:
            called = getattr(getter.fget, "_pulumi_name", attribute)
            (kept,) = get_args(getter.fget.__annotations__["return"])
            if str in (kept, *get_args(kept)[:1]):
                values[called] = token(kind, name, called)
            elif called in NESTED:
                shown, asked = NESTED[called]
                values[called] = [{asked: token(kind, name, f"{shown}.{asked}")}]
    return values


class Recorder(mocks.Mocks):
    """Answers as AWS's provider would, with tokens, and keeps what was declared."""

    def __init__(self) -> None:
        self.declared: list[mocks.MockResourceArgs] = []

    def call(self, args: mocks.MockCallArgs) -> JsonObject:  # type: ignore[override]  # mocks may answer with a dict
        """Answer a question about the account.

        Raises:
            SettingError: no answer to it is known.
        """
        answers: dict[str, JsonObject] = {
            "getAvailabilityZones": {"names": list(ZONES), "id": "zones"},
            "getCallerIdentity": {"accountId": ACCOUNT, "arn": "", "userId": "", "id": ACCOUNT},
        }
        asked = args.token.rpartition(":")[2]
        if asked not in answers:
            raise SettingError(f"The program asks for {args.token}: add an answer to lib/diagrams/pulumi_program.py.")
        return answers[asked]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, JsonObject]:
        """Keep a resource; its own inputs stay what they are, except the names by which others refer to it."""
        if args.typ == STACK_REFERENCE:  # a first deployment: no stack has outputs yet
            return args.name, {**args.inputs, "outputs": {}, "secretOutputNames": []}
        if not args.custom or args.typ.startswith("pulumi:"):
            return f"{args.name}-id", dict(args.inputs)
        self.declared.append(args)
        values = outputs(args.typ, args.name)
        own = {key: value for key, value in args.inputs.items() if key not in PHYSICAL}
        return token(args.typ, args.name, "id"), {**values, **own}


def converted(value: JsonValue) -> JsonValue:
    """Return inputs as CloudFormation writes them: names with capitals, references, JSON as what it says."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: converted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [converted(item) for item in value]
    if isinstance(value, pulumi.Archive):
        return None
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return converted(json.loads(value))
        except ValueError:
            pass
    if isinstance(value, str) and SUBSTITUTE.search(value):
        return {"Fn::Sub": value}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def template(declared: Sequence[mocks.MockResourceArgs], description: str) -> JsonObject:
    """Return what was declared as a template, sorted: programs under mocks have no order of their own.

    Raises:
        SettingError: two resources of one name, or a reference to what the program does not declare.
    """
    names = [identity(resource.typ, resource.name) for resource in declared]
    resources = {}
    for name, resource in sorted(zip(names, declared, strict=True), key=itemgetter(0)):
        kind = TYPES.get(resource.typ, Type(resource.typ.replace(":", "::")))
        properties = kind.renamed(converted(resource.inputs))
        for owner, attribute in references(properties):
            if owner not in names and not PSEUDO.match(owner):
                raise SettingError(f"{name} refers to {owner}.{attribute}, which the program does not declare.")
        if name in resources:
            raise SettingError(f"Two resources are called {name}: give one of them another name.")
        resources[name] = {"Type": kind.name, "Properties": properties}
    kinds = {resource["Type"] for resource in resources.values()}
    if INTERNET not in kinds and API in kinds:  # callers come from there although the network has no way in
        resources[OUTSIDE] = {"Type": INTERNET, "Properties": {}}
    return {"Description": description, "Resources": resources}


def declare(system: str, environ: Mapping[str, str]) -> JsonObject:
    """Run a system's program under mocks and return its template.

    Raises:
        SettingError: the program refuses a setting, or cannot be drawn.
    """
    program = tap.load(system)
    suffix, recorder = environ.get(naming.SUFFIX) or SUFFIX, Recorder()
    # No function runs in a picture: its package need not be built.
    with own_loops(), mock.patch.object(lambda_package, "build", return_value=ROOT):
        set_root_resource(None)  # type: ignore[arg-type]  # forget another program of this process
        mocks.set_mocks(recorder, project="tap", stack=f"{system}-{suffix}", preview=False)
        build = pulumi.runtime.test(lambda: program.build(suffix, {**ENVIRON, **environ}))  # type: ignore[no-untyped-call]  # the SDK's own gap
        try:
            build()
        finally:
            set_root_resource(None)  # type: ignore[arg-type]  # forget another program of this process
    return template(recorder.declared, (program.__doc__ or "").partition(":")[0])


if __name__ == "__main__":
    try:
        print(json.dumps(declare(sys.argv[1], os.environ)))
    except SettingError as error:
        sys.exit(str(error))
