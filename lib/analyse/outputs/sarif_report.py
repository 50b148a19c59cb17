"""report.sarif: SARIF 2.1.0, for code scanning and what else shows its results.

What GitHub requires and limits:
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from lib.analyse.model import SEVERITIES
from lib.analyse.outputs import Lines, account, gaps, joined, told
from lib.common.json_types import JsonMapping, JsonObject, JsonValue

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"info": "note", "low": "note", "medium": "warning", "high": "error", "critical": "error"}
# In GitHub's ranges: over 9.0 critical, from 7.0 high, from 4.0 medium, from 0.1 low, and 0.0 none.
SCORES = {"info": "0.0", "low": "3.0", "medium": "5.0", "high": "8.0", "critical": "9.5"}
MAX_RESULTS = 25_000  # of one run: GitHub rejects a file with more
SHOWN_RESULTS = 5_000  # GitHub shows the most severe of those
IGNORED = "ignored"
# GitHub requires all four. There is no file: it is the place of an empty one.
REGION = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}


def rules(checks: Mapping[str, JsonMapping]) -> dict[tuple[str, str], JsonObject]:
    """Return the rules by check and severity, the same in every run of the same checks.

    GitHub takes an alert's security severity from its rule, so a security check is one rule for each severity.
    """
    rules_by_id = {}
    for name, check in checks.items():
        for severity in SEVERITIES:
            identifier = f"{name}-{severity}" if check["security"] else name
            rules_by_id[name, severity] = {
                "id": identifier,
                "name": "".join(map(str.capitalize, identifier.split("-"))),
                "shortDescription": {"text": check["title"]},
                "fullDescription": {"text": check["description"]},
                "help": {"text": check["advice"]},
                "properties": {"precision": "high", **_severity(severity, security=check["security"])},
                **({"defaultConfiguration": {"level": LEVELS[severity]}} if check["security"] else {}),
            }
    return rules_by_id


def _severity(severity: str, *, security: bool) -> JsonObject:
    """Return by what GitHub ranks a rule; a score must be above 0.0, so what only informs has none."""
    if not security:
        return {"tags": ["cost"], "problem.severity": "warning"}
    return {"tags": ["security"], **({"security-severity": SCORES[severity]} if severity != "info" else {})}


def result(finding: JsonMapping, rule: JsonMapping, where: str) -> JsonObject:
    """Return a finding as a SARIF result; its location is the resource's ARN, and a path that tools without ARNs take.

    ``where`` is its account for a reader.
    """
    path = f"{finding['account']}/{finding['region']}/{finding['id'].lstrip('/')}"
    ignored, identity = finding["ignored"], f"{finding['check']}:{finding['arn']}"
    return {
        "ruleId": rule["id"],
        "level": LEVELS[finding["severity"]],
        "message": {"text": f"{finding['title']} ({finding['id']}, {finding['region']}, {where}){told(finding)}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(path)}, "region": REGION},
                "logicalLocations": [{"fullyQualifiedName": finding["arn"], "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"resource/v1": identity, "primaryLocationLineHash": _line_hash(identity)},
        "properties": {
            "severity": finding["severity"],
            "security-severity": SCORES[finding["severity"]],
            **{name: finding[name] for name in ("monthly_usd", "monthly_cost", "currency", "unpriced")},
        },
        **({"suppressions": [{"kind": "external", "justification": ignored["reason"]}]} if ignored else {}),
    }


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _line_hash(identity: str) -> str:
    """Return the only fingerprint that GitHub reads, in its form: a hash of 16 digits and a count."""
    return f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}:1"


def kept(head: JsonMapping, limit: int = MAX_RESULTS) -> dict[str, int]:
    """Return how many results of each severity there is room for, the most severe first and the ignored last."""
    counts = dict.fromkeys(reversed(SEVERITIES), 0)
    for summary in head["summary"]["by_check"].values():
        for severity, entry in summary["by_severity"].items():
            counts[severity] += entry["count"]
    limits, left = {}, limit
    for name, count in {**counts, IGNORED: head["summary"]["ignored"]}.items():
        limits[name] = min(left, count)
        left -= limits[name]
    return limits


def _results(head: JsonMapping, lines: Lines, by_kind: Mapping[tuple[str, str], JsonValue]) -> Iterator[str]:
    room = kept(head)
    for line in lines():
        finding = json.loads(line)
        kind = IGNORED if finding["ignored"] else finding["severity"]
        if room[kind]:
            room[kind] -= 1
            yield json.dumps(
                result(finding, by_kind[finding["check"], finding["severity"]], account(head, finding["account"]))
            )


def _limits(head: JsonMapping) -> list[str]:
    """Return what to say of the limits, when there are too many results."""
    number = head["summary"]["findings"] + head["summary"]["ignored"]
    if number > MAX_RESULTS:
        text = (
            f"{number - MAX_RESULTS} of {number} findings are left out, the least severe: GitHub takes {MAX_RESULTS} "
            f"results a run and shows {SHOWN_RESULTS}. report.json has all."
        )
        return [text]
    if number > SHOWN_RESULTS:
        return [f"GitHub shows the {SHOWN_RESULTS} most severe of these {number} results."]
    return []


def write(file: IO[str], head: JsonMapping, lines: Lines, _columns: Sequence[str]) -> None:
    """Write one run; what was not looked at are its notifications, and ``executionSuccessful`` is then false."""
    by_kind = rules(head["checks"])
    notifications = [
        {
            "level": "note" if e["accepted"] else "error",
            "message": {"text": f"{e['collector']} in {e['region']} of {name}: {e['status']}, {e['reason']}"},
        }
        for e in gaps(head)
        for name in [account(head, e["account"])]
    ]
    notifications += [{"level": "note", "message": {"text": text}} for text in head["notices"]]
    warnings = [*head["prices"]["warnings"], *_limits(head)]
    notifications += [{"level": "warning", "message": {"text": text}} for text in warnings]
    driver = {"name": head["tool"]["name"], "semanticVersion": head["tool"]["version"]}
    driver["rules"] = list({rule["id"]: rule for rule in by_kind.values()}.values())
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": head["complete"], "toolExecutionNotifications": notifications}],
    }
    start = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
    file.write(f'{start[:-3]}, "results": [')
    joined(file, _results(head, lines, by_kind))
    file.write("]}]}\n")
