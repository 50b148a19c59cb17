"""Whatever comes, the answer is one of those that are described, and valid JSON."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ID = "01936a5e-7c00-7000-8000-000000000000"


def send(api: Any, method: str, path: str, data: bytes) -> Any:
    """Send raw bytes as JSON, with a key."""
    headers = {"Idempotency-Key": "key"}
    return api.app.test_client().open(path, method=method, data=data, content_type="application/json", headers=headers)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["1.00", "EUR", ID]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "price", "currency", "stock", "items", "product_id", "quantity"]) | st.text(),
            inner,
        )
    ),
    max_leaves=12,
)
FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@FUZZ
@given(JSON, st.sampled_from(["/products", "/orders", f"/products/{ID}"]))
def test_any_json_gets_a_documented_answer(api: Any, body: Any, path: str) -> None:
    """Valid JSON, whatever came."""
    method = "PATCH" if path.endswith(ID) else "POST"
    answer = send(api, method, path, json.dumps(body).encode())
    assert answer.status_code in (201, 400, 404, 409, 422)
    json.loads(answer.data)


@FUZZ
@given(st.binary(max_size=60), st.sampled_from(["/products", "/orders"]))
def test_any_bytes_get_a_documented_answer(api: Any, data: bytes, path: str) -> None:
    """Also what is no JSON at all."""
    assert send(api, "POST", path, data).status_code in (400, 422)


@FUZZ
@given(st.text(max_size=30), st.dictionaries(st.sampled_from(["limit", "cursor", "name", "x"]), st.text(max_size=30)))
def test_any_path_and_query_get_a_documented_answer(api: Any, tail: str, query: dict[str, str]) -> None:
    """With every character that Unicode has."""
    client = api.app.test_client()
    assert client.get("/products", query_string=query).status_code in (200, 422)
    assert client.get(f"/products/{quote(tail, safe='')}").status_code in (404, 405)
