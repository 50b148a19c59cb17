"""How severe a cost is: one scale for every check whose findings are about money."""

from decimal import Decimal

from lib.analyse.model import Cost

MEDIUM, HIGH = Decimal(10), Decimal(100)  # US dollars a month


def severity(cost: Cost) -> str:
    """Return the severity of what costs this much a month.

    The limits are in US dollars. What has no price, or one in another currency only, may be expensive: there is no
    exchange rate here, so it is medium, whatever the amount.
    """
    if cost.usd is None:
        return "medium"
    return "high" if cost.usd >= HIGH else "medium" if cost.usd >= MEDIUM else "low"
