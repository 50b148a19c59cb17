"""report.sarif: SARIF 2.1.0, for code scanning and what else shows its results."""

import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

from lib.analyse.outputs import Lines, gaps, joined, told

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"info": "note", "low": "note", "medium": "warning", "high": "error", "critical": "error"}
# GitHub sorts by a number that has the shape of a CVSS score.
SCORES = {"info": "0.0", "low": "3.0", "medium": "5.0", "high": "8.0", "critical": "9.5"}


def result(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding as a SARIF result; its place is the resource's ARN, and a path that tools without ARNs take."""
    path = f"{found['account']}/{found['region']}/{found['id'].lstrip('/')}"
    ignored = found["ignored"]
    return {
        "ruleId": found["check"],
        "level": LEVELS[found["severity"]],
        "message": {"text": f"{found['title']} ({found['id']}, {found['region']}){told(found)}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(path)}},
                "logicalLocations": [{"fullyQualifiedName": found["arn"], "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"resource/v1": f"{found['check']}:{found['arn']}"},
        "properties": {
            "severity": found["severity"],
            "security-severity": SCORES[found["severity"]],
            **{name: found[name] for name in ("monthly_usd", "monthly_cost", "currency", "unpriced")},
        },
        **({"suppressions": [{"kind": "external", "justification": ignored["reason"]}]} if ignored else {}),
    }


def _uri(path: str) -> str:
    from urllib.parse import quote  # pylint: disable=import-outside-toplevel

    return quote(path)


def write(file: IO[str], head: Mapping[str, Any], lines: Lines, _columns: Sequence[str]) -> None:
    """Write one run; what was not looked at are its notifications, and ``executionSuccessful`` is then false."""
    rules = [
        {
            "id": name,
            "shortDescription": {"text": check["title"]},
            "help": {"text": check["advice"]},
        }
        for name, check in head["checks"].items()
    ]
    notifications = [
        {
            "level": "note" if e["accepted"] else "error",
            "message": {"text": f"{e['collector']} in {e['region']} of {e['account']}: {e['status']}, {e['reason']}"},
        }
        for e in gaps(head)
    ]
    notifications += [{"level": "note", "message": {"text": text}} for text in head["notices"]]
    notifications += [{"level": "warning", "message": {"text": text}} for text in head["prices"]["warnings"]]
    tool = {"driver": {"name": head["tool"]["name"], "semanticVersion": head["tool"]["version"], "rules": rules}}
    invocation = {"executionSuccessful": head["complete"], "toolExecutionNotifications": notifications}
    start = json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": tool, "invocations": [invocation]}]})
    file.write(f'{start[:-3]}, "results": [')
    joined(file, (json.dumps(result(json.loads(line))) for line in lines()))
    file.write("]}]}\n")
