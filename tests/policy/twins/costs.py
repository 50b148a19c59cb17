"""A database of a class that the price table does not have, in each tool's form."""

from tests.policy.rules import costs
from tests.policy.twins.data import instances

CLASS = "db.x9.large"

TWINS = [
    *instances(costs.without_a_price, {"DBInstanceClass": CLASS}, {"instance_class": CLASS}, {"instanceClass": CLASS}),
]
