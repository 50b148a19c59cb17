"""From a request's body to an object that fits its schema, or to the reason why it does not."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import cards
import fastjsonschema
from problems import Problem
from web import Request, card

# API Gateway's request validation takes the same files, hence draft 4 and no $id or $ref.
SCHEMAS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).with_name("schemas").glob("*.json"))
}
_VALIDATE = {name: fastjsonschema.compile(schema) for name, schema in SCHEMAS.items()}
LARGEST = 16 * 1024  # bytes; the largest body that fits a schema has a few hundred
_CARD_DIGITS = range(cards.SHORTEST, cards.LONGEST + 1)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond everything
        return Decimal("NaN")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")  # who reads the first of them sees another request than we do
    return found


_DECODER = json.JSONDecoder(
    parse_constant=_no_constant, parse_float=_number, parse_int=_number, object_pairs_hook=_object
)


def _texts(value: Any) -> Iterator[str]:
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


def _advice(schema: dict[str, Any], body: object, error: fastjsonschema.JsonSchemaValueException) -> dict[str, str]:
    """Return what to do about a broken rule, in the schema's own words; the library's would quote values."""
    known = list(schema["properties"])
    if error.rule == "required" and isinstance(body, dict):
        missing = next(name for name in schema["required"] if name not in body)
        return {"pointer": "#", "detail": f"{missing} is missing."}
    if error.rule == "additionalProperties":
        return {"pointer": "#", "detail": f"Only these are known: {', '.join(known)}."}
    if len(error.path) > 1:
        name = error.path[1]
        return {"pointer": f"#/{name}", "detail": _described(schema["properties"][name])}
    return {"pointer": "#", "detail": f"Send an object with {', '.join(schema['required'])}."}


def _described(member: dict[str, Any]) -> str:
    """Return what a member has to be."""
    choice = f" One of: {', '.join(member['enum'])}." if "enum" in member else ""
    return f"{member['description']}{choice}"


def read(request: Request, schema: str) -> dict[str, Any]:
    """Return the body of a request.

    Args:
        request: what was sent.
        schema: the name of its schema.

    Raises:
        Problem: it is no JSON, holds a card number, or does not fit the schema.
    """
    media_type = request.header("content-type").partition(";")[0].strip().lower()
    if media_type not in ("", "application/json"):
        raise Problem("unsupported_media_type", "Send the body as application/json.")
    try:
        found = _DECODER.decode(request.body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Problem("invalid_json", "Send one JSON object in UTF-8, in which no name occurs twice.") from None
    # Once more, for digits may be written as escapes, and numbers with an exponent.
    if cards.found_in("|".join(_texts(found))):
        raise card("body")
    try:
        return dict(_VALIDATE[schema](found))
    except fastjsonschema.JsonSchemaValueException as error:
        raise Problem("invalid_request", "See errors.", errors=[_advice(SCHEMAS[schema], found, error)]) from None
