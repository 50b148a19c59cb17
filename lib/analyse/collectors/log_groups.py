"""Reads CloudWatch log groups that match a glob, and counts their streams."""

import fnmatch
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from lib.analyse.aws import milliseconds
from lib.analyse.collectors.volumes import tags
from lib.analyse.model import Collector, LogGroup
from lib.analyse.options import Options
from lib.analyse.prices import MONTH
from lib.analyse.rate_limiter import RateLimiter
from lib.analyse.region_client import RegionClient
from lib.common.json_types import JsonMapping, JsonObject

STREAM_CALLS = 25.0  # a second: the quota of DescribeLogStreams
METRICS = 500  # that one call of GetMetricData takes
METRIC_CALLS = 5.0  # a second: 75,000 data points, where CloudWatch gives several times as many
AUTO_LIMIT = 250  # log groups of one region whose streams are counted without being asked: 10 s
FIELDS = ("logGroupName", "arn", "storedBytes", "creationTime", "retentionInDays", "logGroupClass")
_THREADS = 8
_AHEAD = 200  # log groups that may wait for their count


def literal(pattern: str) -> str:
    """Return what a glob begins with before its first wildcard: that much the server can select by."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0]


def prefixes(patterns: Sequence[str]) -> list[str]:
    """Return the fewest prefixes that find whatever matches one of the globs; none may begin with another."""
    starts: list[str] = []
    for prefix in sorted({literal(pattern) for pattern in patterns}):
        if not any(prefix.startswith(other) for other in starts):
            starts.append(prefix)
    return starts


def group(row: JsonMapping) -> LogGroup:
    """Return a log group as AWS describes it; groups without a class are older than classes."""
    return LogGroup(
        name=row["logGroupName"],
        arn=row.get("arn", "").removesuffix(":*"),
        stored=row.get("storedBytes", 0),
        created_at=milliseconds(row["creationTime"]),
        retention=row.get("retentionInDays"),
        log_class=row.get("logGroupClass", "STANDARD"),
    )


def _matching(client: RegionClient, patterns: Sequence[str]) -> Iterator[LogGroup]:
    globs = {pattern: re.compile(fnmatch.translate(pattern)).match for pattern in patterns}
    unmatched = {pattern for pattern in patterns if pattern != "*"}
    for prefix in prefixes(patterns):
        asked = {"limit": 50, **({"logGroupNamePrefix": prefix} if prefix else {})}
        for page in client.pages("logs", "describe_log_groups", "logGroups", FIELDS, **asked):
            for row in page:
                matching = [pattern for pattern, match in globs.items() if match(row["logGroupName"])]
                unmatched.difference_update(matching)
                if matching:
                    yield group(row)
    client.unmatched = sorted(unmatched)


def _count(client: RegionClient, limiter: RateLimiter, name: str) -> int | None:
    """Return how many streams a group has, or None (and a note) when AWS refuses."""
    if name in client.remembered:
        return int(client.remembered[name])
    with client.optional(f"streams of {name} not counted"):
        pages = client.pages(
            "logs", "describe_log_streams", "logStreams", (), limiter=limiter, logGroupName=name, limit=50
        )
        number = sum(map(len, pages))
        client.learn(name, number)
        return number
    return None


def _counted(client: RegionClient, groups: Iterable[LogGroup]) -> Iterator[LogGroup]:
    """Yield groups with the numbers of their streams, in their order, a few ahead of the reader."""
    limiter, waiting = RateLimiter(STREAM_CALLS), deque[tuple[LogGroup, Future[int | None]]]()
    with ThreadPoolExecutor(_THREADS, "streams") as pool:
        try:
            for item in groups:
                waiting.append((item, pool.submit(_count, client, limiter, item.name)))
                while waiting[0][1].done() or len(waiting) > _AHEAD:
                    first, future = waiting.popleft()
                    yield replace(first, streams=future.result())
                    if not waiting:
                        break
            while waiting:
                first, future = waiting.popleft()
                yield replace(first, streams=future.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _tagged(client: RegionClient, groups: Iterable[LogGroup]) -> Iterator[LogGroup]:
    """Yield groups with their tags: of all groups of the region at once, for each one by itself would take a call.

    The answer leaves out what has never had a tag.
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    tagged = dict[str, Mapping[str, str]]()
    asked = {"ResourceTypeFilters": ["logs:log-group"], "ResourcesPerPage": 100}
    with client.optional("tags of log groups are not known"):
        pages = client.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", (), **asked)
        for row in (row for page in pages for row in page):
            tagged[row["ResourceARN"].removesuffix(":*")] = tags(row.get("Tags", ()))
    for item in groups:
        yield replace(item, tags=tagged.get(item.arn, {}))


def _queries(groups: Sequence[LogGroup]) -> list[JsonObject]:
    """Return what asks for the bytes that each group took in, day by day; the ids are the groups' positions."""
    return [
        {
            "Id": f"g{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Logs",
                    "MetricName": "IncomingBytes",
                    "Dimensions": [{"Name": "LogGroupName", "Value": item.name}],
                },
                "Period": 86_400,
                "Stat": "Sum",
            },
        }
        for number, item in enumerate(groups)
    ]


def _ingested(
    client: RegionClient, limiter: RateLimiter, groups: Sequence[LogGroup], end: datetime
) -> list[int | None]:
    """Return the bytes that each group took in over the 30 days before ``end``, None where CloudWatch cannot tell.

    A group that took in nothing has no values; a group of today has none yet.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
    """
    sums, states = Counter[str](), dict[str, str]()
    asked = {"MetricDataQueries": _queries(groups), "StartTime": end - timedelta(days=MONTH), "EndTime": end}
    for page in client.pages("cloudwatch", "get_metric_data", "MetricDataResults", (), limiter=limiter, **asked):
        for row in page:
            sums[row["Id"]] += int(sum(row["Values"]))
            states[row["Id"]] = row["StatusCode"]
    known = [states.get(f"g{number}") == "Complete" for number in range(len(groups))]
    if not all(known):
        client.note(f"ingestion of {known.count(False)} log groups is not known: CloudWatch has no complete answer")
    return [
        sums[f"g{number}"] if known[number] and item.created_at < end else None for number, item in enumerate(groups)
    ]


def _measured(client: RegionClient, groups: Iterable[LogGroup]) -> Iterator[LogGroup]:
    """Yield groups with what they took in, as many at a time as one call can ask for; not again after a refusal."""
    limiter, rest, refused = RateLimiter(METRIC_CALLS), iter(groups), False
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # whole days, as CloudWatch adds up
    while some := list(islice(rest, METRICS)):
        amounts: list[int | None] = [None] * len(some)
        if not refused:
            refused = True
            with client.optional("ingestion of log groups is not measured"):
                amounts = _ingested(client, limiter, some, end)
                refused = False
        for item, amount in zip(some, amounts, strict=True):
            yield replace(item, ingested=amount)


def collect(client: RegionClient, options: Options) -> Iterator[LogGroup]:
    """Yield the log groups that match, with their streams counted as ``options.streams`` says."""
    groups = _matching(client, options.log_groups)
    if options.log_tags:
        groups = _tagged(client, groups)
    if options.measure_ingestion:
        groups = _measured(client, groups)
    if options.streams == "full":
        yield from _counted(client, groups)
        return
    if options.streams == "auto":
        first = list(islice(groups, AUTO_LIMIT))
        following = next(groups, None)
        if following is None:
            yield from _counted(client, first)
            return
        yield from first
        yield following
    yield from groups


COLLECTOR = Collector(
    "log_groups",
    ("logs:DescribeLogGroups", "logs:DescribeLogStreams"),
    collect,
    optional={"log_tags": ("tag:GetResources",), "measure_ingestion": ("cloudwatch:GetMetricData",)},
)
