"""Terraform's expressions as the view writes them: references by name and attribute, data sources as their values.

    ${aws_vpc.main.id}                                        ${<name>.VpcId}
    ${data.aws_caller_identity.caller.account_id}             123456789012
    ${element(data.aws_availability_zones.zones.names, 1)}    the second zone of the data source's region
    ${jsondecode(ephemeral.<secret version>)["password"]}     {{resolve:secretsmanager:<secret>:SecretString:password}}

https://developer.hashicorp.com/terraform/language/expressions/strings
"""

import re
from collections.abc import Callable, Mapping

from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.declared.model import DeclarationError, parsed

ACCOUNT = "123456789012"
ZONES = "abcdef"
_TEMPLATE = re.compile(r"(\$\$|%%)\{|\$\{((?:[^{}]|\{[^{}]*\})*)\}")
_NAME = r"[A-Za-z_][\w-]*"
_ATTRIBUTE = re.compile(rf"(aws_\w+)\.({_NAME})\.(\w+(?:\[\d+\])?(?:\.\w+)*)")
_ACCOUNT_ID = re.compile(rf"data\.aws_caller_identity\.{_NAME}\.account_id")
_ZONE = re.compile(rf"element\(data\.aws_availability_zones\.({_NAME})\.names, (\d)\)")
_FILE_HASH = re.compile(r'filebase64sha256\("([^"]+)"\)')
_SECRET_VALUE = re.compile(
    rf'jsondecode\(ephemeral\.aws_secretsmanager_secret_version\.({_NAME})\.secret_string\)\["(\w+)"\]'
)
_JSON_OBJECT = re.compile(r"jsonencode\(\{(.*)\}\)", re.S)
_JSON_FIELD = re.compile(r'\s*(\w+) = (?:"((?:[^"\\]|\\.)*)"|(\d+)|([^\s,"]+))(?:,|$)')
_RANDOM = re.compile(rf"ephemeral\.aws_secretsmanager_random_password\.({_NAME})\.random_password")
# What stands for a password that nobody has seen yet; lib.declared.terraform_types makes GenerateSecretString of it.
RANDOM = re.compile(rf"\{{\{{random:({_NAME})\}}\}}")


class Expressions:
    """Resolves the expressions of one configuration.

    Args:
        content: Terraform JSON.
        token: returns what stands for an attribute, from the resource's type, its label and the attribute.
        region: returns the region of a resource or data source.
    """

    def __init__(
        self,
        content: JsonMapping,
        token: Callable[[str, str, str], str],
        region: Callable[[JsonMapping], str],
    ) -> None:
        self.content, self.token, self.region = content, token, region

    def value(self, value: JsonValue) -> JsonValue:
        """Return a value without expressions, documents parsed, and without what is null.

        Raises:
            DeclarationError: an expression that is not known, or a reference to what is not declared.
        """
        if isinstance(value, Mapping):
            return {str(self.text(key)): self.value(inner) for key, inner in value.items() if inner is not None}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> JsonValue:
        """Return a text without expressions; a document that it says is parsed."""
        only = _TEMPLATE.fullmatch(text)
        if only and only[2] is not None:
            return self._expression(only[2])
        return parsed(_TEMPLATE.sub(self._replaced, text))

    def _replaced(self, match: re.Match[str]) -> str:
        return f"{match[1][0]}{{" if match[1] else str(self._expression(match[2]))

    def _expression(self, expression: str) -> JsonValue:
        if match := _ATTRIBUTE.fullmatch(expression):
            return self.token(match[1], match[2], re.sub(r"\[\d+\]", "", match[3]))
        if _ACCOUNT_ID.fullmatch(expression):
            return ACCOUNT
        if match := _ZONE.fullmatch(expression):
            source = self.content["data"]["aws_availability_zones"][match[1]]
            return f"{self.region(source)}{ZONES[int(match[2])]}"
        if match := _FILE_HASH.fullmatch(expression):
            return f"sha256 of {match[1]}"
        return self._secret(expression)

    def _secret(self, expression: str) -> JsonValue:
        if match := _SECRET_VALUE.fullmatch(expression):
            source = self.content["ephemeral"]["aws_secretsmanager_secret_version"][match[1]]
            return f"{{{{resolve:secretsmanager:{self.text(source['secret_id'])}:SecretString:{match[2]}}}}}"
        if match := _RANDOM.fullmatch(expression):
            return f"{{{{random:{match[1]}}}}}"
        if match := _JSON_OBJECT.fullmatch(expression):
            return self._object(expression, match[1])
        raise DeclarationError(f"the expression {expression!r} is not resolved: add it to {__name__}.")

    def _object(self, expression: str, body: str) -> JsonObject:
        fields: JsonObject = {}
        position = 0
        while position < len(body):
            match = _JSON_FIELD.match(body, position)
            if not match:
                raise DeclarationError(f"{body[position:]!r} in {expression!r} is not resolved: add it to {__name__}.")
            text, number, inner = match[2], match[3], match[4]
            fields[match[1]] = text if text is not None else int(number) if number else self._expression(inner)
            position = match.end()
        return fields
