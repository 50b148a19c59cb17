"""What state an alarm has, by CloudWatch's documented rules: so many of the last periods, and what silence counts as.

The emulator cannot be asked: it lays all metrics of a name together, whatever their dimensions, takes all periods for
one, and leaves an alarm as it was when nothing comes.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence

from lib.common.json_types import JsonMapping

OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
# CloudWatch looks at some periods more than it needs, in case that values come late.
MORE = 2


def state(alarm: JsonMapping, values: Sequence[float | None], before: str) -> str:
    """Return the state of an alarm after these values of its metric.

    Args:
        alarm: its properties, as CloudFormation has them.
        values: one for each period, the latest last; None where nothing came.
        before: the state that it had.
    """
    needed = int(alarm["EvaluationPeriods"])
    many = int(alarm.get("DatapointsToAlarm", needed))
    compare, threshold = COMPARISONS[str(alarm["ComparisonOperator"])], float(alarm["Threshold"])
    silence = str(alarm.get("TreatMissingData", "missing"))
    there = [compare(value, threshold) for value in values[-needed - MORE :] if value is not None]
    if len(there) >= needed:
        return ALARM if sum(there[-needed:]) >= many else OK
    if silence == "breaching":
        return ALARM if sum(there) + needed - len(there) >= many else OK
    if silence == "notBreaching" or sum(there) >= many:
        return ALARM if sum(there) >= many else OK
    if silence == "ignore":
        return before if all(there) else OK
    # Silence is no value: what there is has to speak for all, and nothing is nothing.
    if not there:
        return NO_DATA
    return ALARM if all(there) else OK


def beyond(alarm: JsonMapping) -> float:
    """Return a value of the metric that is beyond an alarm's threshold by as little as matters."""
    threshold = float(alarm["Threshold"])
    step = max(abs(threshold) * 0.01, 0.001)
    return threshold + step if str(alarm["ComparisonOperator"]).startswith("Greater") else threshold - step


def within(alarm: JsonMapping) -> float:
    """Return the last value that is no reason for an alarm: the threshold itself where the comparison is strict."""
    threshold = float(alarm["Threshold"])
    if "OrEqual" not in str(alarm["ComparisonOperator"]):
        return threshold
    return 2 * threshold - beyond(alarm)
