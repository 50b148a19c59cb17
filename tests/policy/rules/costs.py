"""What is declared has a price, or a reason why it has none: scripts/cost hides nothing."""

from collections.abc import Iterator

from lib.cost.estimate import estimate
from lib.cost.pricing import Prices
from lib.declared.model import Declaration
from tests.policy.rule import rule


@rule()
def without_a_price(declaration: Declaration) -> Iterator[str]:
    """Types that lib/cost does not know, and prices that the table does not have."""
    for what, wrong in estimate(declaration, Prices.read()).missing.items():
        yield f"{what}: {wrong}"
