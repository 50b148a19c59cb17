"""From a request's body to an object that fits its schema, or to the reason why it does not."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

import cards
import fastjsonschema
import money
import problems
from json_types import JsonObject, JsonValue
from money import Money
from problems import Problem
from web import Request, card_number

_CARD_DIGITS = range(cards.SHORTEST, cards.LONGEST + 1)
_OF_MONEY = {
    each.code: each for each in (problems.UNKNOWN_CURRENCY, problems.AMOUNT_PRECISION, problems.AMOUNT_OUT_OF_RANGE)
}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond everything
        return Decimal("NaN")


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name occurs twice")  # who reads the first of them sees another request than we do
    return members


_DECODER = json.JSONDecoder(
    parse_constant=_no_constant, parse_float=_number, parse_int=_number, object_pairs_hook=_object
)


def _texts(value: JsonValue) -> Iterator[str]:
    """Yield every name, text and number in a value, the numbers without an exponent."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            yield each
        elif isinstance(each, Decimal) and each.is_finite() and each.adjusted() + 1 in _CARD_DIGITS:
            yield f"{each:f}"


class JsonBody:
    """The body of one kind of request.

    Args:
        schema: of an object, as JSON Schema; API Gateway takes the same, hence draft 4 and no ``$id`` or ``$ref``:
            https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
    """

    def __init__(self, schema: JsonObject) -> None:
        self.schema = schema
        self._validate = fastjsonschema.compile(schema)

    def read(self, request: Request) -> JsonObject:
        """Return the body of a request.

        Raises:
            Problem: it is no JSON, holds a card number, or does not fit the schema.
        """
        media_type = request.header("content-type").partition(";")[0].strip().lower()
        if media_type not in ("", "application/json"):
            raise Problem(problems.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")
        try:
            body = _DECODER.decode(request.body.decode("utf-8"))
        except (ValueError, RecursionError):
            advice = "Send one JSON object in UTF-8, in which no name occurs twice."
            raise Problem(problems.INVALID_JSON, advice) from None
        # After web.refuse_cards once more, for digits may be written as escapes, and numbers with an exponent.
        if cards.found_in(" x ".join(_texts(body))):
            raise card_number("body")
        try:
            return dict(self._validate(body))
        except fastjsonschema.JsonSchemaValueException as error:
            errors = {"errors": [self._advice(body, error)]}
            raise Problem(problems.INVALID_REQUEST, "See errors.", members=errors) from None

    def _advice(self, body: object, error: fastjsonschema.JsonSchemaValueException) -> dict[str, str]:
        """Return what to do about a broken rule, in the schema's own words; the library's would quote values."""
        members, required = self.schema["properties"], self.schema["required"]
        if error.rule == "required" and isinstance(body, dict):
            missing = next(name for name in required if name not in body)
            return {"pointer": "#", "detail": f"{missing} is missing."}
        if error.rule == "additionalProperties":
            return {"pointer": "#", "detail": f"Only these are known: {', '.join(members)}."}
        if len(error.path) > 1:
            member = members[error.path[1]]
            choice = f" One of: {', '.join(member['enum'])}." if "enum" in member else ""
            return {"pointer": f"#/{error.path[1]}", "detail": f"{member['description']}{choice}"}
        return {"pointer": "#", "detail": f"Send an object with {', '.join(required)}."}


def money_in(body: Mapping[str, str]) -> Money:
    """Return the money that the members ``amount`` and ``currency`` of a body mean.

    Raises:
        Problem: there can be no such amount in that currency.
    """
    try:
        return money.parse(body["amount"], body["currency"])
    except money.MoneyError as error:
        raise Problem(_OF_MONEY[error.code], str(error)) from None
