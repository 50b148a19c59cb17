"""AWS over HTTP with answers that are made in advance: pages, quotas and refusals as AWS has them, at a known speed.

The emulators do not page what the auditor reads, nor throttle it, and report bytes in log streams that AWS reports as
0. Answers are written by the SDK's own description of each service, so that the SDK reads them as it reads AWS's.
"""

import argparse
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, takewhile
from typing import Any
from urllib.parse import parse_qsl

from tests.support.analyse import answers as analyse_answers
from tests.support.analyse import content as analyse_content

ACCOUNT = "123456789012"
EC2_PAGE, LOGS_PAGE, EVENTS_PAGE = 1000, 50, 50
FILTER_VALUES = 200
TAGS_PAGE = 100
JSON = ("account", "organizations", "cloudtrail", "logs", "monitoring", "tagging")
METRICS = 500
LISTS = {
    "DescribeAddresses": "Addresses",
    "DescribeImages": "Images",
    "DescribeInstances": "Reservations",
    "DescribeVolumes": "Volumes",
    "DescribeSnapshots": "Snapshots",
    "DescribeSecurityGroups": "SecurityGroups",
    "DescribeSecurityGroupRules": "SecurityGroupRules",
    "DescribeNetworkInterfaces": "NetworkInterfaces",
}


# What each filter that the auditor uses looks at; any other is refused, as AWS does.
FILTERS: Mapping[str, Callable[[Mapping[str, Any]], set[str]]] = {
    "attachment.instance-id": lambda row: {found.get("InstanceId", "") for found in row["Attachments"]},
    "instance-state-name": lambda row: {found["State"]["Name"] for found in row["Instances"]},
    "status": lambda row: {row["State"]},
    "volume-id": lambda row: {row["VolumeId"]},
    "volume-type": lambda row: {row["VolumeType"]},
}


def _filtered(rows: Sequence[dict[str, Any]], asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that all filters of a call choose; AWS takes at most 200 values in one."""
    found = list(rows)
    for number in takewhile(lambda n: f"Filter.{n}.Name" in asked, count(1)):
        name = asked[f"Filter.{number}.Name"]
        values = {value for key, value in asked.items() if key.startswith(f"Filter.{number}.Value")}
        if name not in FILTERS or len(values) > FILTER_VALUES:
            raise Refusal(400, "InvalidParameterValue", f"{len(values)} values for the filter {name}")
        found = [row for row in found if FILTERS[name](row) & values]
    return found


@dataclass
class Faults:
    """What goes wrong. ``every``: each n-th call is throttled once; ``denied`` holds regions or actions."""

    every: int = 0
    denied: set[str] = field(default_factory=set)
    expired_after: int | None = None
    latency: float = 0.0
    stream_rate: float = 0.0


class Refusal(Exception):
    """An error that AWS answers with."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Cloud:
    """What there is in every region, what goes wrong, and which calls came."""

    def __init__(self, content: "analyse_content.Content", faults: Faults | None = None) -> None:
        self.content, self.faults = content, faults or Faults()
        self.calls: list[tuple[str, str, str]] = []
        self.lock = threading.Lock()
        self.assumed: list[Mapping[str, Any]] = []  # what AssumeRole was asked
        self.cache: dict[Any, bytes] = {}
        self.pages: dict[str, str] = {}  # what a proxy answers with, with success, in place of AWS, by action
        self.page, self.sizes = EC2_PAGE, set[int]()
        self._number = 0
        self._tokens, self._refilled = self.faults.stream_rate, time.monotonic()

    def counts(self) -> dict[str, int]:
        """Return how often each action was called."""
        return dict(Counter(f"{service}:{action}" for service, action, _ in self.calls))

    def _refuse(self, service: str, action: str, region: str) -> None:
        faults = self.faults
        with self.lock:
            self.calls.append((service, action, region))
            if service == "account":  # is asked beside the others, at no certain time
                if action in faults.denied:
                    raise Refusal(403, "AccessDeniedException", "Not yours")
                return
            self._number += 1
            number = self._number
            if action == "DescribeLogStreams" and faults.stream_rate:
                now = time.monotonic()
                self._tokens = min(faults.stream_rate, self._tokens + (now - self._refilled) * faults.stream_rate)
                self._refilled = now
                if self._tokens < 1:
                    raise Refusal(400, "ThrottlingException", "Rate exceeded")
                self._tokens -= 1
        if faults.expired_after is not None and number > faults.expired_after:
            raise Refusal(
                400, "ExpiredToken" if service != "logs" else "ExpiredTokenException", "The token has expired"
            )
        if region in self.content.off:
            raise Refusal(401, "AuthFailure" if service == "ec2" else "UnrecognizedClientException", "Not validated")
        if {region, action} & faults.denied and service != "sts":
            raise Refusal(403, "UnauthorizedOperation" if service == "ec2" else "AccessDeniedException", "Not yours")
        if faults.every and number % faults.every == 0:
            raise Refusal(503, "RequestLimitExceeded" if service == "ec2" else "ThrottlingException", "Slow down")

    def answer(self, service: str, action: str, region: str, asked: Mapping[str, Any]) -> bytes:
        """Return the body of an answer; raises Refusal."""
        if self.faults.latency:
            time.sleep(self.faults.latency)
        self._refuse(service, action, region)
        if action in self.pages:
            return self.pages[action].encode()
        key = (action, region, tuple(sorted((name, str(value)) for name, value in asked.items())))
        body = self.cache.get(key)
        if body is None or service == "sts":
            body = self.cache[key] = self._make(service, action, region, asked)
        return body

    def _make(self, service: str, action: str, region: str, asked: Mapping[str, Any]) -> bytes:
        if service == "sts":
            self.assumed += [asked] if action == "AssumeRole" else []
            if asked.get("RoleArn", "").split(":")[4:5] in [[number] for number in self.content.closed]:
                raise Refusal(403, "AccessDenied", f"Not authorized to assume {asked['RoleArn']}")
            return analyse_answers.sts(action, ACCOUNT)
        if service in JSON:
            return json.dumps(self._logs(action, asked) if service == "logs" else self._other(service, asked)).encode()
        if action == "DescribeRegions":
            rows = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in self.content.regions]
            if asked.get("AllRegions") == "true":
                rows += [{"RegionName": name, "OptInStatus": "not-opted-in"} for name in self.content.off]
            return analyse_answers.xml(action, {"Regions": rows})
        if action == "GetManagedPrefixListEntries":
            entries = self.content.prefix_lists[asked["PrefixListId"]]
            return analyse_answers.xml(action, {"Entries": [{"Cidr": cidr} for cidr in entries]})
        name = LISTS[action]
        rows = analyse_content.placed(self.content.rows[name], region)
        rows = _filtered(rows, asked)
        if asked.get("IncludeDisabled") != "true":
            rows = [row for row in rows if name != "Images" or row["State"] != "disabled"]
        size = int(asked.get("MaxResults", EC2_PAGE))
        self.sizes.add(size)
        if size > EC2_PAGE:
            raise Refusal(400, "InvalidParameterValue", f"MaxResults {size}")
        size = min(size, self.page)  # AWS may answer with fewer than were asked for
        start = int(asked.get("NextToken", "page-0").removeprefix("page-"))
        found: dict[str, Any] = {name: rows[start : start + size]}
        if start + size < len(rows):
            found["NextToken"] = f"page-{start + size}"
        return analyse_answers.xml(action, found)

    def _other(self, service: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if service == "tagging":
            return self._tagging(asked)
        if service == "monitoring":
            return self._metrics(asked)
        if service == "account":
            return {"AccountId": ACCOUNT, "AccountName": self.content.name}
        start = int(asked.get("NextToken", "page-0").removeprefix("page-"))
        if service == "organizations":
            rows, end = self.content.organization, start + int(asked["MaxResults"])
            return {"Accounts": rows[start:end], **({"NextToken": f"page-{end}"} if end < len(rows) else {})}
        more = {"NextToken": f"page-{start + EVENTS_PAGE}"} if start + EVENTS_PAGE < len(self.content.events) else {}
        return {"Events": self.content.events[start : start + EVENTS_PAGE], **more}

    def _metrics(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer with half of the values, and with the rest on a second page."""
        queries = asked["MetricDataQueries"]
        if len(queries) > METRICS:
            raise Refusal(400, "ValidationError", f"{len(queries)} queries")
        first, found = "NextToken" not in asked, []
        for query in queries:
            metric = query["MetricStat"]["Metric"]
            name = metric["Dimensions"][0]["Value"] if metric["MetricName"] == "IncomingBytes" else ""
            values = self.content.incoming.get(name, [])
            half = len(values) // 2
            state = self.content.metric_states.get(name, "Complete")
            part = values[:half] if first else values[half:]
            row = {"Id": query["Id"], "Values": part, "Timestamps": [1] * len(part)}
            found.append({**row, "StatusCode": "PartialData" if first and state == "Complete" else state})
        return {"MetricDataResults": found, **({"NextToken": "rest"} if first else {})}

    def _tagging(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        size = asked.get("ResourcesPerPage", TAGS_PAGE)
        if size > TAGS_PAGE:
            raise Refusal(400, "InvalidParameterException", f"{size} resources a page")
        arns = {group["logGroupName"]: group["arn"].removesuffix(":*") for group in self.content.log_groups}
        rows = [{"ResourceARN": arns[name], "Tags": found} for name, found in self.content.log_tags.items()]
        start = int((asked.get("PaginationToken") or "page-0").removeprefix("page-"))
        more = f"page-{start + size}" if start + size < len(rows) else ""
        return {"ResourceTagMappingList": rows[start : start + size], "PaginationToken": more}

    def _logs(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        size, start = int(asked.get("limit", LOGS_PAGE)), int(asked.get("nextToken", "page-0").removeprefix("page-"))
        if size > LOGS_PAGE:
            raise Refusal(400, "InvalidParameterException", f"limit {size}")
        if action == "GetStorageTierPolicy":
            if self.content.storage_tier is None:
                raise Refusal(400, "ResourceNotFoundException", "The specified resource does not exist")
            return {"storageTier": self.content.storage_tier, "lastUpdatedTime": 1_780_000_000_000}
        if action == "DescribeLogGroups":
            prefix = asked.get("logGroupNamePrefix", "")
            rows: Sequence[Any] = [g for g in self.content.log_groups if g["logGroupName"].startswith(prefix)]
            name = "logGroups"
        else:
            number = self.content.streams[asked["logGroupName"]]
            rows = [{"logStreamName": f"stream-{n}", "creationTime": 1, "storedBytes": 0} for n in range(number)]
            name = "logStreams"
        more = {"nextToken": f"page-{start + size}"} if start + size < len(rows) else {}
        return {name: rows[start : start + size], **more}


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 20
    server: "Server"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _send(self, status: int, body: bytes, kind: str = "text/xml") -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def do_GET(self) -> None:
        """Tell which calls came, and forget them."""
        with self.server.cloud.lock:
            counts = self.server.cloud.counts()
            self.server.cloud.calls.clear()
        self._send(200, json.dumps(counts).encode(), "application/json")

    def do_POST(self) -> None:
        """Answer a call of the SDK."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        scope = self.headers["Authorization"].split("Credential=")[1].split(",")[0].split("/")
        region, service = scope[2], scope[3]
        target = self.headers.get("X-Amz-Target")
        asked = json.loads(body or "{}") if target or service == "account" else dict(parse_qsl(body))
        if target:
            action = target.rpartition(".")[2]
        else:
            action = "GetAccountInformation" if service == "account" else asked.pop("Action")
        try:
            self._send(200, self.server.cloud.answer(service, action, region, asked))
        except Refusal as error:
            text = json.dumps({"__type": error.code, "message": str(error)})
            if not target and service != "account":
                inner = f"<Error><Code>{error.code}</Code><Message>{error}</Message></Error>"
                text = f"<Response><Errors>{inner}</Errors><RequestID>r</RequestID></Response>"
                if service == "sts":
                    text = f"<ErrorResponse>{inner}</ErrorResponse>"
            self._send(error.status, text.encode())


class Server(ThreadingHTTPServer):
    """A cloud on a port of this machine."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, cloud: Cloud, port: int = 0) -> None:
        self.cloud = cloud
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault."""

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(cloud: Cloud, port: int = 0) -> Iterator[Server]:
    """Serve a cloud while the block runs."""
    with Server(cloud, port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def environment(url: str) -> dict[str, str]:
    """Return the variables that send a program to the cloud, and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    for name in ("port", "volumes", "groups", "log-groups", "streams"):
        options.add_argument(f"--{name}", type=int, default=0)
    for name in ("latency", "stream-rate"):
        options.add_argument(f"--{name}", type=float, default=0.0)
    given = options.parse_args()
    size = analyse_content.account(given.volumes, given.groups, given.log_groups, given.streams)
    with serving(Cloud(size, Faults(latency=given.latency, stream_rate=given.stream_rate)), given.port) as running:
        print(running.url, flush=True)
        threading.Event().wait()
