"""From a synthesised Terraform configuration to what ``scripts/draw`` reads: resources as CloudFormation writes them.

Terraform refers to resources by expressions, ``${aws_vpc.name.id}``, also in the middle of a text or of a call; here
they become ``${name.Id}``. A resource is called by its place in the construct tree, which has no hash.

    python -m lib.diagrams.terraform_configuration disaster-recovery     the template as JSON, with regions
"""

import importlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import tap
from lib.common import lambda_package, naming, node, region
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.diagrams.cloudformation_types import CLIENTS_OF_NAME, FUNCTION, RECORD
from lib.diagrams.pulumi_types import Type
from lib.diagrams.template import at
from lib.diagrams.terraform_types import TYPES

ROOT = Path(__file__).resolve().parents[2]

ZONES = "abcdef"
EXPRESSION = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")
ADDRESS = re.compile(r"(?<![\w.])((?:data\.|ephemeral\.)?aws_\w+)\.([\w-]+)\.(\w+)")
ZONE = re.compile(r"element\(data\.aws_availability_zones\..+, (\d)\)")
WRITES = "dynamodb:PutItem"
# A value that Terraform keeps in its state alone: AWS has nothing of it.
STATE_ONLY = "terraform_data"
# Arguments that are no property: what Terraform alone needs.
OWN = ("//", "depends_on", "lifecycle", "provider", "source_code_hash", "filename", "triggers")


class Configuration:
    """A configuration whose references are asked for."""

    def __init__(self, content: JsonMapping) -> None:
        shown = {kind: named for kind, named in content["resource"].items() if kind != STATE_ONLY}
        self.content = {**content, "resource": shown}
        self.ids = {
            (kind, name): identity(resource) for kind, named in shown.items() for name, resource in named.items()
        }
        self.tables = {
            resource["name"]: self.ids["aws_dynamodb_table", name]
            for name, resource in shown.get("aws_dynamodb_table", {}).items()
        }

    def token(self, kind: str, name: str, attribute: str) -> str:
        """Return what stands for an attribute: of a resource, or of what an ephemeral one is made from.

        Raises:
            SettingError: the configuration does not declare it.
        """
        if kind.startswith("data."):
            return "${AWS::AccountId}" if attribute == "account_id" else ""
        if kind.startswith("ephemeral."):
            arguments = at(self.content, f"{kind}.{name}") or {}
            return "".join(self._tokens(json.dumps(arguments)))
        if (kind, name) not in self.ids:
            raise SettingError(f"{kind}.{name} is referred to, and the configuration does not declare it.")
        return f"${{{self.ids[kind, name]}.{capital(attribute)}}}"

    def _tokens(self, text: str) -> Iterator[str]:
        for expression in EXPRESSION.findall(text):
            for address in ADDRESS.findall(expression):
                yield self.token(*address)

    def text(self, value: str) -> JsonValue:
        """Return a text as CloudFormation writes it: a reference, what JSON says, or itself."""
        zone = ZONE.search(value)
        if zone:
            return ZONES[int(zone.group(1))]
        if value.startswith(("{", "[")):
            try:
                return self.value(json.loads(value))
            except ValueError:
                pass
        resolved = EXPRESSION.sub(lambda match: "".join(self._tokens(match.group())) or "…", value)
        return {"Fn::Sub": resolved} if "${" in resolved else resolved

    def value(self, value: JsonValue) -> JsonValue:
        """Return arguments as CloudFormation writes properties."""
        if isinstance(value, dict):
            if WRITES in value.get("Action", ()):  # the table's ARN is put together, and refers to nothing
                value = {**value, "Resource": [self.named(text) for text in value["Resource"]]}
            return {capital(name): self.value(value[name]) for name in sorted(value) if name not in OWN}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def named(self, text: str) -> JsonValue:
        """Return a reference to the table that an ARN or a name means."""
        name = text.rpartition(":table/")[2]
        return {"Ref": self.tables[name]} if name in self.tables else text

    def template(self, description: str, roles: Mapping[str, str]) -> JsonObject:
        """Return everything that is declared, with its region.

        Args:
            description: the picture's words.
            roles: the provider's alias for each region, with the words on the region's box.
        """
        resources: JsonObject = {}
        for kind, named in self.content["resource"].items():
            for name, body in named.items():
                known = TYPES.get(kind, Type(kind.replace("_", "::")))
                properties = known.renamed(self.value(body))
                if known.name == FUNCTION:
                    variables = at(properties, "Environment.Variables") or {}
                    variables |= {each: self.named(text) for each, text in variables.items() if isinstance(text, str)}
                role = body.get("provider", "").removeprefix("aws.")
                resources[self.ids[kind, name]] = {"Type": known.name, "Region": role, "Properties": properties}
        records = [{"Ref": name} for name, body in sorted(resources.items()) if body["Type"] == RECORD]
        if records:
            resources["callers"] = {"Type": CLIENTS_OF_NAME, "Region": "", "Properties": {"Records": records}}
        return {"Description": description, "Regions": dict(roles), "Resources": dict(sorted(resources.items()))}


def capital(name: str) -> str:
    """Return an argument's name as a property's; a name with capitals stays what it is."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) if name.islower() else name


def identity(resource: JsonMapping) -> str:
    """Return a resource's logical id: its place in the construct tree."""
    return re.sub(r"\W", "_", resource["//"]["metadata"]["path"].partition("/")[2])


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of what is drawn: production, with a domain."""
    places = zip(("CERTIFICATE_ARN", "CERTIFICATE_ARN_DR"), region.pair(environ), strict=True)
    arns = {
        name: f"arn:{region.partition(code)}:acm:{code}:{'1' * 12}:certificate/{'0' * 8}-0000-0000-0000-{'0' * 12}"
        for name, code in places
    }
    drawn = {
        "ENVIRONMENT": "production",
        "ALARM_EMAIL": "team@example.org",
        "DOMAIN_NAME": "pay.example.org",
        "HOSTED_ZONE_ID": "Z0",
        **arns,
    }
    return {**drawn, naming.SUFFIX: "live", **environ}


def declare(system: str, environ: Mapping[str, str]) -> JsonObject:
    """Synthesise a system and return its template.

    Raises:
        SettingError: the program refuses a setting, or cannot be drawn.
    """
    os.environ.update(node.environment())
    program = tap.load(system)  # before Node starts: it may say how
    cdktf = importlib.import_module("cdktf")
    with tempfile.TemporaryDirectory(prefix="tap-draw-") as folder:
        # No function runs in a picture: its package need not be built.
        with mock.patch.object(lambda_package, "build", return_value=ROOT / "tap.py"):
            app = cdktf.App(outdir=folder)
            program.build(app, environment(environ))
            app.synth()
        (path,) = Path(folder).glob("stacks/*/cdk.tf.json")
        content = json.loads(path.read_text(encoding="utf-8"))
    words = {
        "primary": "Primary region (lib/AWS_REGION)",
        "secondary": "Secondary region (lib/AWS_REGION_DR)",
        "global": "Region of Route 53's figures",
    }
    return Configuration(content).template((program.__doc__ or "").partition(":")[0], words)


if __name__ == "__main__":
    try:
        print(json.dumps(declare(sys.argv[1], os.environ)))
    except SettingError as error:
        sys.exit(str(error))
