"""From a CloudFormation template to the view: intrinsic functions resolved, references as ``${<name>.<Attribute>}``.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import json
import re
from collections.abc import Callable, Mapping

from lib.common import region
from lib.common.json_types import JsonMapping, JsonValue
from lib.declared import schemas
from lib.declared.model import DeclarationError, Resource, parsed, references

ACCOUNT = "123456789012"
SUBSTITUTE = re.compile(r"\$\{(!?)([^}]+)\}")
# "Fn::GetAZs" returns the zones in alphabetical order.
ZONES = "abc"
# An option of a resource in which it stands: CloudFormation asks at each deployment, and may be answered otherwise.
ZONE_QUESTION = "Fn::GetAZs"
KEPT = frozenset({"Retain", "RetainExceptOnCreate"})
# Of a resource, what is no property, no reference and no dependency.
OPTIONS = ("DeletionPolicy", "UpdateReplacePolicy", "UpdatePolicy", "CreationPolicy", "Metadata", "Condition")


class Template:
    """A template whose values are asked for."""

    def __init__(self, content: JsonMapping, where: str) -> None:
        self.resources: JsonMapping = content["Resources"]
        self.parameters: JsonMapping = content.get("Parameters", {})
        self.where = where
        self.pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": where,
            "AWS::Partition": region.partition(where),
            "AWS::URLSuffix": region.dns_suffix(where),
            "AWS::StackName": "stack",
            "AWS::StackId": f"arn:{region.partition(where)}:cloudformation:{where}:{ACCOUNT}:stack/stack/id",
        }

    def view(self) -> tuple[Resource, ...]:
        """Return every resource."""
        names = frozenset(self.resources)
        return tuple(self._resource(name, resource, names) for name, resource in self.resources.items())

    def _resource(self, name: str, declared: JsonMapping, names: frozenset[str]) -> Resource:
        try:
            properties = self.value(declared.get("Properties", {}))
        except DeclarationError as error:
            raise DeclarationError(f"{name} ({declared['Type']}): {error}") from error
        waits = declared.get("DependsOn", [])
        options = {key: declared[key] for key in OPTIONS if key in declared}
        if ZONE_QUESTION in json.dumps(declared.get("Properties", {})):
            options[ZONE_QUESTION] = True
        return Resource(
            type=declared["Type"],
            name=name,
            properties=properties,
            region=self.where,
            references=frozenset(owner for owner, _attribute in references(properties, names)),
            depends_on=frozenset([waits] if isinstance(waits, str) else waits),
            retained=declared.get("DeletionPolicy") in KEPT,
            source_type=declared["Type"],
            options=options,
        )

    def value(self, value: JsonValue) -> JsonValue:
        """Return a value without intrinsic functions.

        Raises:
            DeclarationError: a function that is not known.
        """
        if isinstance(value, list):
            items = [self.value(item) for item in value]
            return [item for item in items if item is not None]
        if not isinstance(value, dict):
            return parsed(value) if isinstance(value, str) else value
        if len(value) == 1:
            ((function, arguments),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, arguments)
        known = {key: self.value(inner) for key, inner in value.items()}
        return {key: inner for key, inner in known.items() if inner is not None}

    def _call(self, function: str, arguments: JsonValue) -> JsonValue:
        functions: Mapping[str, Callable[[JsonValue], JsonValue]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Join": lambda a: parsed(a[0].join(str(self._text(item)) for item in self._items(a[1]))),
            "Fn::Sub": lambda a: parsed(self._substituted(a)),
            "Fn::Select": lambda a: self._items(a[1])[int(a[0])],
            ZONE_QUESTION: lambda a: [f"{self._text(a) or self.where}{zone}" for zone in ZONES],
            "Fn::Split": lambda a: self._text(a[1]).split(a[0]),
        }
        if function not in functions:
            raise DeclarationError(f"{function} is not resolved: add it to lib/declared/cloudformation.py.")
        return functions[function](arguments)

    def _attribute(self, arguments: JsonValue) -> str:
        name, _, attribute = (arguments if isinstance(arguments, str) else ".".join(arguments)).partition(".")
        return self._token(name, attribute)

    def _items(self, value: JsonValue) -> list[JsonValue]:
        return list(value if isinstance(value, list) else self._call(*next(iter(value.items()))))

    def _text(self, value: JsonValue) -> JsonValue:
        """Return a text as it is: a part of a document is no document."""
        return value if isinstance(value, str) else self.value(value)

    def _ref(self, name: str) -> JsonValue:
        if name in self.pseudo:
            return self.pseudo[name]
        if name == "AWS::NoValue":
            return None
        if name in self.parameters:
            return self.parameters[name].get("Default", f"<{name}>")
        return self._token(name, schemas.ref_attribute(self.resources.get(name, {}).get("Type", "")))

    @staticmethod
    def _token(name: str, attribute: str) -> str:
        return f"${{{name}.{attribute}}}"

    def _substituted(self, arguments: JsonValue) -> str:
        text, variables = (arguments, {}) if isinstance(arguments, str) else arguments

        def replaced(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return str(self._text(variables[name]))
            owner, dot, attribute = name.partition(".")
            return self._token(owner, attribute) if dot else str(self._ref(name))

        return SUBSTITUTE.sub(replaced, text)
