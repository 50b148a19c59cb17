"""Whoever moves the money: the seam at which a card processor would be called, and what stands there now.

There is no card processor behind this service. A payment is its entries in the ledger, "captured" means that they are
recorded, "refunded" that they are taken back; no money ever moves.
"""

from typing import Protocol

from money import Money


class Processor(Protocol):
    """Moves money outside the ledger, before the ledger says so.

    A call may come again: when the function died before it recorded the first one, when requests with one key run side
    by side, when a key is used for something else. ``once`` is the same then, and a processor has to recognise the
    repetition by it. One that may decline, or answers after minutes, needs more than this seam: a state of the payment
    before ``captured``.
    """

    def capture(self, money: Money, payment_method: str, *, once: str) -> None:
        """Take the money from whom the token stands for."""

    def refund(self, money: Money, payment_id: str, *, once: str) -> None:
        """Give a part of a payment back."""


class LedgerOnlyProcessor:
    """Moves nothing and leaves all of it to the ledger."""

    def capture(self, money: Money, payment_method: str, *, once: str) -> None:
        """See the class."""

    def refund(self, money: Money, payment_id: str, *, once: str) -> None:
        """See the class."""
