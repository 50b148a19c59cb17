"""From a request to the payment that it asks for, or to the reason why it asks for none."""

import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple

import web
from json_body import JsonBody, money_in
from keyed_hash import KeyedHash
from problem_types import KEYS_UNAVAILABLE
from problems import Problem
from web import Request

LARGEST = 4096  # bytes; a payment has about two hundred
BODY = JsonBody(json.loads(Path(__file__).with_name("payment.schema.json").read_text(encoding="utf-8")))
# In place of digits, so that no id looks like a card number, and without vowels, so that none is a word.
_LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")
_ID = re.compile(r"pay_[b-df-hj-np-t]{32}")


class PaymentRequest(NamedTuple):
    """A payment that is asked for. The key and the body together make its identity, in every region the same.

    What a caller wrote into the key is stored nowhere: ``digest`` is its keyed hash, in hexadecimal digits.
    """

    key: str
    digest: str
    body: dict[str, str]
    body_hash: str

    @property
    def payment_id(self) -> str:
        """The payment's id: twice accepted, in two regions that cannot see each other, it is one payment still."""
        digest = hashlib.sha256(f"{self.body_hash} {self.digest}".encode()).hexdigest()
        return f"pay_{digest[:32].translate(_LETTERS)}"


def is_id(text: str) -> bool:
    """Tell whether a text can be the id of a payment."""
    return _ID.fullmatch(text) is not None


def read(request: Request, hashes: KeyedHash) -> PaymentRequest:
    """Return the payment that a request asks for.

    Args:
        request: what was sent.
        hashes: with the key that both regions have.

    Raises:
        Problem: it has no idempotency key, its body is none of a payment, or KMS does not answer.
    """
    body, key = BODY.read(request), web.idempotency_key(request)
    body["amount"] = str(money_in(body))  # with the decimals of its currency: 12.5 and 12.50 are one amount
    try:
        digest = hashes.digest(key).hex()
    except ConnectionError as error:
        advice = "Send the same request with the same key again."
        raise Problem(KEYS_UNAVAILABLE, advice, log={"cause": str(error)}) from error
    return PaymentRequest(key, digest, body, hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest())
