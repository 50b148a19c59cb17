"""What refuses a change before anything is changed, asked of each tool's own document: the former one is deployed."""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from lib.common import identity
from lib.common.errors import SettingError
from lib.declared.read import Source

Document = Mapping[str, Any]
COMPARED = re.compile(r'self\.output\.(\w+) == "([^"]*)"')
SHOWN = re.compile(r"\$\{self\.output\.(\w+)\}")


def refusal(before: Source, after: Source, parameters: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the sentence that refuses to deploy what is declared after a change; none if nothing does.

    Args:
        before: what is deployed.
        after: what is about to be deployed.
        parameters: CloudFormation's, which are given with the deployment.
    """
    return next(_SENTENCES[after.tool](before, after, parameters), "")


def _of_template(before: Source, after: Source, parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield what the rules of a template say; each parameter keeps its value."""
    kept = {name: body.get("Default") for name, body in before.document["Parameters"].items()} | dict(parameters)
    for rule in after.document["Rules"].values():
        for assertion in rule["Assertions"]:
            if not _holds(assertion["Assert"], kept):
                yield assertion["AssertDescription"]


def _holds(condition: Document, kept: Document) -> bool:
    """Return whether a condition of a rule holds.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
    """
    ((function, arguments),) = condition.items()
    if function == "Fn::Not":
        return not _holds(arguments[0], kept)
    values = [kept[each["Ref"]] if isinstance(each, Mapping) else each for each in arguments]
    return {"Fn::Equals": lambda: values[0] == values[1], "Fn::Contains": lambda: values[1] in values[0]}[function]()


def _of_configuration(before: Source, after: Source, _parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield what the postconditions say of the values that the state keeps, in the state's words where they name it."""
    for name, body in after.document["resource"]["terraform_data"].items():
        kept = before.document["resource"]["terraform_data"].get(name, body)["input"]
        for condition in body.get("lifecycle", {}).get("postcondition", ()):
            compared = COMPARED.findall(condition["condition"])
            if any(kept[key] != value for key, value in compared):
                yield SHOWN.sub(lambda match, kept=kept: kept[match[1]], condition["error_message"])


def _of_program(before: Source, after: Source, _parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield what the program says of the outputs of its latest deployment."""
    settings = importlib.import_module(f"lib.{after.system.replace('-', '_')}.settings").Settings
    try:
        identity.check(settings.read(after.environ), before.document["outputs"]["identity"])
    except SettingError as error:
        yield str(error)


_SENTENCES: Mapping[str, Callable[[Source, Source, Mapping[str, str]], Iterator[str]]] = {
    "cdk": _of_template,
    "cdktf": _of_configuration,
    "pulumi": _of_program,
}
