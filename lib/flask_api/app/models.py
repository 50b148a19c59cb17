"""What the API takes and gives: one description for the checks, their messages and the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from . import currencies, ids

MOST_ITEMS = 100
KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"
PRICE_PATTERN = r"^(?:0|[1-9][0-9]{0,7})(?:\.[0-9]{2,3})?$"
AMOUNT_PATTERN = r"^(?:0|[1-9][0-9]*)(?:\.[0-9]{2,3})?$"
CURRENCY_PATTERN = r"^[A-Z]{3}$"
# No control characters (PostgreSQL takes no NUL), no space at either end.
NAME_PATTERN = r"^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$"
PREFIX_PATTERN = r"^[^\x00-\x1f\x7f]*$"
# What to write, for the messages: a regular expression is no help to a caller.
WORDS = {
    ids.PATTERN: "write a UUID such as '01936a5e-7c00-7000-8000-000000000000'",
    ids.CURSOR_PATTERN: "give the 'next' of the page before",
    PRICE_PATTERN: "write an amount from '0.00' to '99999999.99', as text with the decimals of its currency",
    CURRENCY_PATTERN: "write the three letters of ISO 4217, such as 'EUR'",
    NAME_PATTERN: "leave out control characters, and spaces at the ends",
    PREFIX_PATTERN: "leave out control characters",
}


def _known(currency: str) -> str:
    if currency not in currencies.DECIMALS:
        words = f"use one of {', '.join(currencies.DECIMALS)}"
        raise PydanticCustomError("currency", "{words}", {"words": words})
    return currency


Identity = Annotated[
    str, StringConstraints(pattern=ids.PATTERN, to_lower=True), Field(json_schema_extra={"format": "uuid"})
]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NAME_PATTERN, examples=["Espresso cup"])]
Price = Annotated[str, Field(pattern=PRICE_PATTERN, examples=["12.50"])]
Currency = Annotated[str, Field(pattern=CURRENCY_PATTERN, examples=["EUR"])]
NewCurrency = Annotated[
    str,
    Field(pattern=CURRENCY_PATTERN, json_schema_extra={"enum": [*currencies.DECIMALS]}),
    AfterValidator(_known),
]
Amount = Annotated[str, Field(pattern=AMOUNT_PATTERN, examples=["25.00"])]
Stock = Annotated[int, Field(ge=0, le=1_000_000)]
Limit = Annotated[int, Field(ge=1, le=100, description="how many at most")]
Cursor = Annotated[
    str, Field(pattern=ids.CURSOR_PATTERN, description="the 'next' of the page before; none for the first page")
]


_LEFT_OUT: Any = None


def _without_default(schema: dict[str, Any]) -> None:
    """Leave None out of the document: it says that a member may be left out, and null is refused."""
    for member in schema["properties"].values():
        member.pop("default", None)
    schema["minProperties"] = 1


class Request(BaseModel):
    """What a caller sends: nothing unknown in it, and no value turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NewProduct(Request):
    """A product to sell."""

    name: Name
    currency: NewCurrency
    price: Annotated[
        Price, Field(description="as many decimals as ISO 4217 gives the currency: two, none (JPY) or three (KWD)")
    ]
    stock: Stock

    @field_validator("price")
    @classmethod
    def _decimals(cls, price: str, info: ValidationInfo) -> str:
        """Refuse a price with other decimals than its currency has; a wrong currency is a mistake of its own."""
        words = currencies.wrong(price, info.data.get("currency", ""))
        if words:
            raise PydanticCustomError("decimals", "{words}", {"words": words})
        return price


class ProductChange(Request):
    """What is to change of a product; at least one member. Placed orders keep their prices."""

    model_config = ConfigDict(json_schema_extra=_without_default)
    name: Name = _LEFT_OUT
    price: Price = _LEFT_OUT
    stock: Stock = _LEFT_OUT


class Item(Request):
    """How many of which product."""

    product_id: Identity
    quantity: Annotated[int, Field(ge=1, le=1000)]


class NewOrder(Request):
    """An order: each product once, all in one currency."""

    items: Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]


class PageQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")
    limit: Limit = 20
    cursor: Cursor = ""


class ProductQuery(PageQuery):
    """Which page of which products."""

    name: Annotated[
        str, Field(max_length=200, pattern=PREFIX_PATTERN, description="how the name begins, in any case")
    ] = ""


class Answer(BaseModel):
    """What the API gives; PostgreSQL writes it, and tests hold it against these descriptions."""

    model_config = ConfigDict(extra="forbid")


class Product(Answer):
    """A product."""

    id: Identity
    name: str
    price: Amount
    currency: Currency
    stock: Annotated[int, Field(ge=0)]
    created_at: datetime


class ProductPage(Answer):
    """Products, the newest first."""

    items: list[Product]
    next: str | None


class OrderLine(Answer):
    """A product as it was ordered."""

    product_id: Identity
    quantity: Annotated[int, Field(ge=1)]
    unit_price: Amount
    amount: Amount


class Order(Answer):
    """An order."""

    id: Identity
    status: Literal["placed", "cancelled"]
    currency: Currency
    total: Amount
    items: list[OrderLine]
    created_at: datetime
    cancelled_at: datetime | None


class OrderPage(Answer):
    """Orders, the newest first."""

    items: list[Order]
    next: str | None


class Live(Answer):
    """The process answers."""

    status: Literal["alive"]


class Ready(Answer):
    """The process can do its work: the database answered."""

    status: Literal["ready"]


class Health(Answer):
    """Both."""

    live: Literal["alive"]
    ready: Literal["ready"]


class Detail(Answer):
    """One thing that is wrong: in the body (pointer), in the query or a header (parameter)."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(Answer):
    """Why a request was not carried out (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Detail] | None = None
