"""The table of operations, and the OpenAPI 3.1 document that follows from it: what is served is what is described."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from pydantic_core import to_json

from . import models, problems, web

TEMPLATE = "#/components/schemas/{model}"
TITLE, VERSION = "E-commerce API", "1.0.0"


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    ``refusals`` are the statuses besides those that follow from the rest: a body can be malformed, too large, of
    another type and invalid; a query can be invalid; an id in the path can be unknown.
    """

    name: str
    method: str
    path: str
    view: Callable[..., Response]
    summary: str
    answer: type[BaseModel] | None
    status: int = 200
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    key: bool = False
    refusals: tuple[int, ...] = (503,)

    @property
    def rule(self) -> str:
        """The path as Flask writes it."""
        return self.path.replace("{", "<").replace("}", ">")

    @property
    def statuses(self) -> list[int]:
        """Every status but the good one, in order."""
        codes = set(self.refusals)
        codes |= {400, 413, 415, 422} if self.body else set()
        codes |= {422} if self.query else set()
        codes |= {404} if "{" in self.path else set()
        return sorted(codes)


def _parameters(operation: Operation) -> list[dict[str, object]]:
    parameters: list[dict[str, object]] = []
    for part in operation.path.split("/"):
        if part.startswith("{"):
            schema = {"type": "string", "format": "uuid"}
            parameters.append({"name": part.strip("{}"), "in": "path", "required": True, "schema": schema})
    if operation.query:
        properties = operation.query.model_json_schema()["properties"]
        parameters += [
            {"name": name, "in": "query", "schema": {key: v for key, v in schema.items() if key != "title"}}
            for name, schema in properties.items()
        ]
    if operation.key:
        schema = {"type": "string", "pattern": models.KEY_PATTERN}
        words = "names this order: the same key with the same items gives the same answer, and no second order"
        parameters.append({"name": web.KEY, "in": "header", "required": True, "schema": schema, "description": words})
    return parameters


def _content(media_type: str, model: type[BaseModel]) -> dict[str, object]:
    return {media_type: {"schema": {"$ref": TEMPLATE.format(model=model.__name__)}}}


def _responses(operation: Operation) -> dict[str, dict[str, object]]:
    good: dict[str, object] = {"description": HTTPStatus(operation.status).phrase}
    good["content"] = _content(web.JSON, operation.answer) if operation.answer else {web.JSON: {}}
    text = {"schema": {"type": "string"}}
    if operation.status == HTTPStatus.CREATED:
        good["headers"] = {"Location": text}
    responses = {str(operation.status): good}
    for status in operation.statuses:
        content = _content(problems.MEDIA_TYPE, models.Problem)
        refusal: dict[str, object] = {"description": HTTPStatus(status).phrase, "content": content}
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            refusal["headers"] = {"Retry-After": text}
        responses[str(status)] = refusal
    return responses


def document(operations: Sequence[Operation]) -> bytes:
    """Return the document as JSON."""
    taken = {model for each in operations for model in (each.body,) if model}
    given = {model for each in operations for model in (each.answer,) if model} | {models.Problem}
    _, definitions = models_json_schema(
        [(model, "validation") for model in sorted(taken | given, key=lambda model: model.__name__)],
        ref_template=TEMPLATE,
    )
    paths: dict[str, dict[str, object]] = {}
    for each in operations:
        described: dict[str, object] = {
            "operationId": each.name,
            "summary": each.summary,
            "parameters": _parameters(each),
            "responses": _responses(each),
        }
        if each.body:
            described["requestBody"] = {"required": True, "content": _content(web.JSON, each.body)}
        paths.setdefault(each.path, {})[each.method.lower()] = described
    return to_json(
        {
            "openapi": "3.1.0",
            "info": {"title": TITLE, "version": VERSION},
            "paths": paths,
            "components": {"schemas": definitions["$defs"]},
        }
    )
