"""A refusal says what is wrong and where, and quotes nothing that was sent."""

import json

import pytest
from pydantic import ValidationError

from lib.flask_api.app import models, problems


def caught(model: type[models.Request], body: str) -> ValidationError:
    """Return what pydantic says of a body."""
    with pytest.raises(ValidationError) as found:
        model.model_validate_json(body)
    return found.value


@pytest.mark.parametrize(
    ("steps", "text"), [((), ""), (("items", 0, "quantity"), "/items/0/quantity"), (("a/b", "c~d"), "/a~1b/c~0d")]
)
def test_a_pointer_is_written_as_rfc_6901_says(steps: tuple[str | int, ...], text: str) -> None:
    """Slashes and tildes in names are escaped."""
    assert problems.pointer(*steps) == text


def test_every_kind_has_its_own_type() -> None:
    """Callers decide by it."""
    bodies = [json.loads(problems.Refusal(409, "x", kind).body("id")) for kind in problems.TYPES]
    assert len({body["type"] for body in bodies}) == len(problems.TYPES)
    assert all(body["type"].startswith("tag:") for body in bodies)


def test_without_a_kind_the_status_says_it_all() -> None:
    """RFC 9457, section 4.2.1: about:blank has the status's phrase as its title."""
    body = json.loads(problems.Refusal(404, "gone").body("the-id"))
    assert body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "gone",
        "request_id": "the-id",
    }


def test_errors_have_a_pointer_and_do_not_quote() -> None:
    """What was sent may be a secret in the wrong place."""
    body = '{"items": [{"product_id": "hunter2", "quantity": 0}], "hunter2": "hunter2"}'
    refusal = problems.from_validation(caught(models.NewOrder, body))
    assert refusal.status == 422
    found = {each["pointer"]: each["detail"] for each in refusal.errors}
    assert found.keys() == {"/items/0/product_id", "/items/0/quantity", "/hunter2"}
    assert found["/items/0/product_id"].startswith("write a UUID such as")
    assert "hunter2" not in "".join(found.values())


def test_a_body_that_is_no_json_is_another_matter() -> None:
    """400, for nothing in it could be pointed at."""
    refusal = problems.from_validation(caught(models.NewProduct, '{"name":'))
    assert refusal.status == 400
    assert "line 1 column 8" in refusal.detail


def test_a_long_list_of_errors_is_cut() -> None:
    """An answer is not longer than what it answers."""
    body = json.dumps({"items": [{"quantity": 0}] * 100})
    assert len(problems.from_validation(caught(models.NewOrder, body)).errors) == problems.MOST_ERRORS
