"""A CloudFormation template with questions answered: references, values as text, patterns filled."""

import re
from collections.abc import Iterator

from lib.common.json_types import JsonMapping, JsonValue
from lib.diagrams import cloudformation_types as types
from lib.diagrams.nouns import REFUSALS, SPELLINGS

FIELD = re.compile(r"\{([\w.]+?)(?:/(\d+))?(?:([:?])([^}]+))?\}")
SUBSTITUTE = re.compile(r"\$\{([\w.:]+)\}")
REGION = re.compile(r"\b(?:[a-z]{2}|eusc)-(?:gov-|iso[a-z]?-|de-)?(?:north|south|central|east|west)(?:east|west)?-\d\b")
RUNTIME = re.compile(r"^(python|ruby|java|dotnet)(?=\d)")
ACCOUNT = re.compile(r"\b\d{12}\b")
PSEUDO = {"AWS::AccountId": "<account>", "AWS::Region": "<region>", "AWS::Partition": "aws"}


def count(number: int, noun: str) -> str:
    """Return a number of things: "1 shard", "2 policies"."""
    many = re.sub(r"(?<![aeo])y$", "ie", re.sub("s$", "se", noun)) + "s"
    return f"{number} {noun if number == 1 else many}"


def at(value: JsonValue, path: str) -> JsonValue:
    """Return what lies at a dotted path; a number is a place in a list."""
    for step in filter(None, path.split(".")):
        if isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def references(value: JsonValue) -> Iterator[tuple[str, str]]:
    """Yield every logical id that a value refers to, with the attribute that it asks for ("" for Ref)."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if name == "Ref":
            yield str(inner), ""
        elif name == "Fn::GetAtt":
            owner, _, attribute = (inner if isinstance(inner, str) else ".".join(map(str, inner))).partition(".")
            yield owner, attribute
        else:
            if name == "Fn::Sub":
                for reference in SUBSTITUTE.findall(inner if isinstance(inner, str) else inner[0]):
                    owner, _, attribute = reference.partition(".")
                    yield owner, attribute
            yield from references(inner)


class Template:
    """A template with questions answered."""

    def __init__(self, content: JsonMapping) -> None:
        self.description = str(content.get("Description", ""))
        self.resources: JsonMapping = content.get("Resources", {})
        self.parameters: JsonMapping = content.get("Parameters", {})

    def type(self, name: str) -> str:
        """Return a resource's type, ``Custom::`` for every custom one, and a cluster's instance by what it does."""
        resource_type = str(self.resources.get(name, {}).get("Type", ""))
        if resource_type == types.INSTANCE and "PromotionTier" in self.properties(name):
            return types.READER if self.properties(name)["PromotionTier"] else types.WRITER
        return types.CUSTOM if resource_type.startswith(types.CUSTOM) else resource_type

    def properties(self, name: str) -> JsonValue:
        """Return a resource's properties."""
        return self.resources.get(name, {}).get("Properties", {})

    def told(self, name: str) -> JsonValue:
        """Return a resource's properties, and for a method of an API its route, which other resources tell."""
        steps, here = list[str](), at(self.properties(name), "ResourceId")
        for owner, _ in references(here):
            while self.type(owner) == types.STEP:
                steps.append(str(self.properties(owner)["PathPart"]))
                owner = next(references(self.properties(owner)["ParentId"]), ("", ""))[0]
        return {**self.properties(name), "Route": f"/{'/'.join(reversed(steps))}"} if here else self.properties(name)

    def of(self, *resource_type: str) -> list[str]:
        """Return the resources of some types, in the template's order."""
        return [name for name in self.resources if self.type(name) in resource_type]

    def text(self, value: JsonValue) -> str:
        """Return a value as text without anything that belongs to one account or one region."""
        if isinstance(value, dict) and len(value) == 1:
            ((name, inner),) = value.items()
            if name == "Ref":
                value = PSEUDO.get(inner) or str(self.parameters.get(inner, {}).get("Default", "…"))
            elif name == "Fn::Join":
                value = inner[0].join(map(self.text, inner[1]))
            elif name == "Fn::Sub":
                pattern = inner if isinstance(inner, str) else inner[0]
                value = SUBSTITUTE.sub(lambda match: self.text({"Ref": match.group(1)}), pattern)
            else:
                value = "…"
        if value is None or isinstance(value, dict | list):
            return ""
        text = "true" if value is True else "false" if value is False else str(value)
        return ACCOUNT.sub("<account>", REGION.sub("<region>", text))

    def fill(self, pattern: str, properties: JsonValue) -> str:
        """Return a pattern of ``draw_types`` filled with properties, without the parts that cannot be filled."""

        def value(match: re.Match[str]) -> str:
            path, divisor, way, noun = match.groups()
            text = self.text(at(properties, path))
            if way == "?":
                return str(noun) if text and text not in REFUSALS else "\0"
            if way == ":":
                return count(int(text) // int(divisor or 1), noun) if text.isdigit() else "\0"
            return SPELLINGS.get(text) or RUNTIME.sub(lambda runtime: runtime.group().title() + " ", text) or "\0"

        parts = (FIELD.sub(value, part) for part in pattern.split(" · "))
        return " · ".join(part for part in parts if "\0" not in part)
