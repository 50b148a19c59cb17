"""The view as a CloudFormation template, so that cfn-lint judges what every tool declares.

A reference is ``Ref`` or ``Fn::GetAtt`` where CloudFormation has the attribute; the value itself where the view has it;
a parameter otherwise. What CloudFormation has no type for is left out.
"""

import json
import re
from collections.abc import Mapping

from lib.common.json_types import JsonObject, JsonValue
from lib.declared import schemas
from lib.declared.model import REFERENCE, Declaration, Resource, references
from lib.declared.schemas import Node

# Of a function whose code is a local file: where its upload would be.
CODE = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}
# Rules of cfn-lint that find nothing in a template that is made from the view, each with its reason.
EXCEPTIONS = {
    "E3006": "a type that CloudFormation lacks in a region is made there by the service's own API",
    "W3010": "the view has the names of the region's first zones where a program asks AWS for them",
}


def logical_id(name: str) -> str:
    """Return a resource's name as CloudFormation takes it, letters and digits only."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def regions(declaration: Declaration) -> list[str]:
    """Return the regions that have resources: each is a template of its own, as names are unique in a region."""
    return sorted({resource.region for resource in declaration.resources})


def left_out(declaration: Declaration) -> list[Resource]:
    """Return the resources that CloudFormation has no type for."""
    return [resource for resource in declaration.resources if not _has_type(resource)]


def as_template(declaration: Declaration, region: str = "") -> JsonObject:
    """Return what is declared in one region as a template.

    Args:
        declaration: the view.
        region: one of :func:`regions`; by default the declaration's own.

    Returns:
        The template. Each resource's ``Metadata`` has ``Name``, its name in the view.
    """
    here = {
        resource.name: resource
        for resource in declaration.resources
        if resource.region == (region or declaration.region)
    }
    writer = _Writer(declaration, {name: resource for name, resource in here.items() if _has_type(resource)})
    resources = {logical_id(name): writer.resource(resource) for name, resource in writer.here.items()}
    parameters = {name: {"Type": "String"} for name in sorted(writer.parameters)}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        **({"Parameters": parameters} if parameters else {}),
        "Resources": resources,
    }


def _has_type(resource: Resource) -> bool:
    return bool(schemas.schema(resource.type)) or resource.type.startswith("Custom::")


class _Writer:
    """Writes the resources of one template; ``parameters`` are those that they refer to."""

    def __init__(self, declaration: Declaration, here: Mapping[str, Resource]) -> None:
        self.resources = {resource.name: resource for resource in declaration.resources}
        self.names, self.here = frozenset(self.resources), here
        self.parameters: set[str] = set()

    def resource(self, resource: Resource) -> JsonObject:
        """Return one resource of the template."""
        properties = self.value(resource.properties, schemas.template(resource.type))
        if resource.type == "AWS::Lambda::Function" and "Code" not in properties:
            properties["Code"] = CODE
            self.parameters |= {"CodeBucket", "CodeKey"}
        # What a resource refers to comes first without being said; what its parts wait for may wait for it.
        waits = set() if resource.origins else (resource.depends_on & self.here.keys()) - resource.references
        explicit = sorted(map(logical_id, waits))
        return {
            "Type": resource.type,
            "Metadata": {"Name": resource.name},
            **({"DependsOn": explicit} if explicit else {}),
            "Properties": properties,
        }

    def value(self, value: JsonValue, node: Node | None) -> JsonValue:
        """Return a value with functions for its references, and documents as text where the schema asks for it."""
        if isinstance(value, dict | list) and node and node.is_text:
            return self.text(json.dumps(value))
        if isinstance(value, Mapping):
            return {key: self.value(inner, node and node.member(key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(item, node and node.item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> JsonValue:
        """Return a text, or the function that makes it."""
        only = REFERENCE.fullmatch(text)
        if only and not self._is_variable(only[1]):
            return self._reference(only[1])
        substituted = REFERENCE.sub(self._substituted, text)
        return {"Fn::Sub": substituted} if re.search(r"\$\{[^!]", substituted) else substituted.replace("${!", "${")

    def _is_variable(self, token: str) -> bool:
        """Return whether ``${...}`` is no reference, such as a variable of an IAM policy."""
        return not references(f"${{{token}}}", self.names)

    def _reference(self, token: str) -> JsonValue:
        name, attribute = references(f"${{{token}}}", self.names)[0]
        target = self.resources[name]
        if name in self.here and attribute == schemas.ref_attribute(target.type):
            return {"Ref": logical_id(name)}
        if name in self.here and attribute in schemas.attributes(target.type):
            return {"Fn::GetAtt": [logical_id(name), attribute]}
        known = target.at(attribute)
        if known is not None:
            return self.value(known, None)
        parameter = logical_id(f"{name} {attribute}")
        self.parameters.add(parameter)
        return {"Ref": parameter}

    def _substituted(self, match: re.Match[str]) -> str:
        token = match[1]
        if self._is_variable(token):
            return f"${{!{token}}}"
        value = self._reference(token)
        if not isinstance(value, dict):
            return str(value)
        ((function, target),) = value.items()
        if function == "Fn::Sub":
            return str(target)
        return f"${{{target if function == 'Ref' else '.'.join(target)}}}"
