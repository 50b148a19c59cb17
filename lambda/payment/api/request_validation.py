"""The bodies that callers send, each with the schema that it has to fit."""

import json
from pathlib import Path

from json_body import JsonBody
from json_types import JsonObject
from web import Request

# API Gateway's request validation takes the same files.
SCHEMAS: dict[str, JsonObject] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).with_name("schemas").glob("*.json"))
}
_BODIES = {name: JsonBody(schema) for name, schema in SCHEMAS.items()}
LARGEST = 16 * 1024  # bytes; the largest body that fits a schema has a few hundred


def read(request: Request, schema: str) -> JsonObject:
    """Return the body of a request.

    Args:
        request: what was sent.
        schema: the name of its schema.

    Raises:
        Problem: it is no JSON, holds a card number, or does not fit the schema.
    """
    return _BODIES[schema].read(request)
