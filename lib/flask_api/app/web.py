"""Between Flask and the parts: what a request holds, checked, and how an answer is made."""

import re
from typing import TypeVar

from flask import Response, request
from pydantic import BaseModel, ValidationError

from . import ids, models
from .problems import Refusal, from_validation

JSON = "application/json"
KEY = "Idempotency-Key"
_KEY = re.compile(models.KEY_PATTERN)
Model = TypeVar("Model", bound=BaseModel)
Query = TypeVar("Query", bound=models.PageQuery)


def body(model: type[Model]) -> Model:
    """Return the request's body.

    Raises:
        Refusal: it is no JSON, or not as the model describes it.
    """
    if request.mimetype != JSON:
        raise Refusal(415, f"Send the body as {JSON}.", headers={"Accept": JSON})
    try:
        return model.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        raise from_validation(error) from None


def page(model: type[Query]) -> tuple[Query, str]:
    """Return the query of a list, and the id below which its page begins.

    Raises:
        Refusal: it is not as the model describes it.
    """
    try:
        query = model.model_validate(request.args.to_dict()) if request.query_string else model()
    except ValidationError as error:
        raise from_validation(error, in_query=True) from None
    return query, ids.after(query.cursor)


def idempotency_key() -> str:
    """Return the header by which a repeated request is recognised.

    Raises:
        Refusal: it is missing, too long, or has other than visible ASCII characters.
    """
    key = request.headers.get(KEY, "")
    if not _KEY.fullmatch(key):
        errors = [{"detail": "send 1 to 255 visible ASCII characters, new ones for each order", "parameter": KEY}]
        raise Refusal(400, f"The header {KEY} is missing or wrong.", "validation", errors)
    return key


def found(rows: list[tuple[str, ...]], what: str, which: str) -> str:
    """Return the one value that a statement gave.

    Raises:
        Refusal: it gave none.
    """
    if not rows or rows[0][0] is None:
        raise missing(what, which)
    return rows[0][0]


def missing(what: str, which: str) -> Refusal:
    """Return the refusal of a request for what is not there; what is no id is not repeated."""
    return Refusal(404, f"There is no {what} {which}." if ids.valid(which) else f"This is no id of a {what}.")


def identity(text: str, what: str) -> str:
    """Return an id from the path.

    Raises:
        Refusal: it is no id, hence nothing has it.
    """
    if not ids.valid(text):
        raise missing(what, text)
    return text


def answer(text: str | bytes, status: int = 200, location: str = "") -> Response:
    """Return an answer whose JSON is written already."""
    response = Response(text, status, mimetype=JSON)
    if location:
        response.headers["Location"] = location
    return response


def listing(rows: list[tuple[str, str]], limit: int) -> Response:
    """Return a page of rows (id, JSON), of which one more than the limit was asked for."""
    following = f'"{ids.cursor(rows[limit - 1][0])}"' if len(rows) > limit else "null"
    return answer(f'{{"items":[{",".join(text for _, text in rows[:limit])}],"next":{following}}}')
