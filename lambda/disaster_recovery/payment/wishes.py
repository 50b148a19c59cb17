"""From a request to the payment that it asks for, or to the reason why it asks for none."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import cards
import fastjsonschema
import money
from problems import Problem
from web import Request

LARGEST = 4096  # bytes; a payment has about two hundred
_KEY = re.compile(r"[!-~]{1,255}")
_SCHEMA = json.loads(Path(__file__).with_name("payment.schema.json").read_text(encoding="utf-8"))
_validate = fastjsonschema.compile(_SCHEMA)
# In place of digits, so that no id looks like a card number, and without vowels, so that none is a word.
_LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")
_ID = re.compile(r"pay_[b-df-hj-np-t]{32}")


class Wish(NamedTuple):
    """A payment that is asked for. The key and the body together make its identity, in every region the same."""

    key: str
    body: dict[str, str]
    body_hash: str

    @property
    def payment_id(self) -> str:
        """The payment's id: twice accepted, in two regions that cannot see each other, it is one payment still."""
        digest = hashlib.sha256(f"{self.body_hash} {self.key}".encode()).hexdigest()
        return f"pay_{digest[:32].translate(_LETTERS)}"


def is_id(text: str) -> bool:
    """Tell whether a text can be the id of a payment."""
    return _ID.fullmatch(text) is not None


def _key(request: Request) -> str:
    found = set(request.keys)
    if len(found) != 1 or not _KEY.fullmatch(key := found.pop()):
        raise Problem("idempotency-key", "Send one key of 1 to 255 visible ASCII characters, new for each payment.")
    return key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("No name may occur twice.")  # who reads the first of them sees another payment
    return found


def _refuse_cards(*texts: str) -> None:
    if cards.found_in("|".join(texts)):
        raise Problem("card-number", "Send a token of the payment method (tok_...), and no card number anywhere.")


def _advice(error: fastjsonschema.JsonSchemaValueException) -> str:
    """Return what to do about a broken rule, in the schema's words; the library's would quote what was sent."""
    name = error.path[1] if len(error.path) > 1 else ""
    required, known = ", ".join(_SCHEMA["required"]), ", ".join(_SCHEMA["properties"])
    wanted = f"Send an object with {required}; known are {known}."
    return f"{name}: {_SCHEMA['properties'][name]['description']}" if name else wanted


def read(request: Request) -> Wish:
    """Return the payment that a request asks for.

    Raises:
        Problem: it holds a card number, has no key, or its body is none of a payment.
    """
    if len(request.body) > LARGEST:
        raise Problem("body-too-large", f"Send at most {LARGEST} bytes.")
    _refuse_cards(request.body.decode("utf-8", "replace"), *request.keys)
    key = _key(request)
    try:
        body = _validate(json.loads(request.body.decode("utf-8"), object_pairs_hook=_object))
        _refuse_cards(*body.values())  # once more, for a digit may have been written as an escape
        body["amount"] = str(money.exact(body["amount"], body["currency"]))
    except fastjsonschema.JsonSchemaValueException as error:
        raise Problem("invalid-payment", _advice(error)) from None
    except (RecursionError, json.JSONDecodeError, UnicodeDecodeError):
        raise Problem("invalid-json", "Send one JSON object in UTF-8.") from None
    except ValueError as error:
        raise Problem("invalid-payment", str(error)) from None
    return Wish(key, body, hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest())
