"""report.ocsf.json: OCSF 1.8.0 events, for Security Lake and the like.

https://schema.ocsf.io/1.8.0/
Findings of security checks are Detection Findings (2004), costs are Compliance Findings (2003) of a check that failed,
and what was not looked at is a Scan Activity (6007) that ended with an error.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import IO

from lib.analyse.outputs import Lines, account, gaps, joined, told
from lib.common.json_types import JsonMapping, JsonObject

VERSION = "1.8.0"
SEVERITIES = {"info": (1, "Informational"), "low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High")}
SEVERITIES["critical"] = (5, "Critical")
CREATE, NEW, SUPPRESSED = 1, 1, 3  # activity_id, status_id twice: of a finding's review
ERROR, FAILURE, MANUAL = 6, 2, 1  # activity_id, status_id and scan.type_id of a Scan Activity
FAIL = (3, "Fail")  # of compliance: 2 is a check without a result. https://schema.ocsf.io/1.8.0/objects/compliance


def _compliance(check: str) -> JsonObject:
    return {"control": check, "standards": ["TAP"], "status_id": FAIL[0], "status": FAIL[1]}


def _source(where: JsonMapping, head: JsonMapping) -> JsonObject:
    """Return who says it, and of which account and region."""
    name = head["accounts"].get(where["account"], {}).get("name")
    return {
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "product": {"name": head["tool"]["name"], "vendor_name": "TAP", "version": head["tool"]["version"]},
        },
        "cloud": {
            "provider": "AWS",
            "region": where["region"],
            "account": {"uid": where["account"], **({"name": name} if name else {})},
        },
    }


def gap(entry: JsonMapping, head: JsonMapping, when: int) -> JsonObject:
    """Return what was not looked at as an event: https://schema.ocsf.io/1.8.0/classes/scan_activity."""
    return {
        **_source(entry, head),
        "activity_id": ERROR,
        "category_uid": 6,
        "class_uid": 6007,
        "type_uid": 6007 * 100 + ERROR,
        "time": when,
        "severity_id": SEVERITIES["high"][0],
        "severity": SEVERITIES["high"][1],
        "status_id": FAILURE,
        "status_detail": entry["reason"],
        "message": f"Not looked at: {entry['collector']} in {entry['region']} of {account(head, entry['account'])}",
        "scan": {"name": entry["collector"], "type_id": MANUAL},
        "total": entry["items"],
        "num_detections": entry["findings"],
    }


def event(finding: JsonMapping, head: JsonMapping, when: int) -> JsonObject:
    """Return a finding as an OCSF event; ``when`` is in milliseconds since 1970."""
    number, name = SEVERITIES[finding["severity"]]
    check = head["checks"][finding["check"]]
    detection = check["security"]
    uid = 2004 if detection else 2003
    resource = {
        "uid": finding["arn"],
        "name": finding["id"],
        "type": finding["check"],
        "region": finding["region"],
        "labels": [f"{key}:{value}" for key, value in finding["tags"].items()],
    }
    ignored = finding["ignored"]
    return {
        **_source(finding, head),
        "activity_id": CREATE,
        "category_uid": 2,
        "class_uid": uid,
        "type_uid": uid * 100 + CREATE,
        "time": when,
        "severity_id": number,
        "severity": name,
        "status_id": SUPPRESSED if ignored else NEW,
        "message": finding["title"] + told(finding),
        "finding_info": {
            "uid": f"{finding['check']}:{finding['arn']}",
            "title": finding["title"],
            "desc": check["description"],
            "types": [finding["type"]],
        },
        "resources": [resource],
        "remediation": {"desc": check["advice"]},
        "unmapped": {
            **{name: finding[name] for name in ("monthly_usd", "monthly_cost", "currency", "unpriced", "details")},
            "ignored": ignored,
        },
        **({} if detection else {"compliance": _compliance(finding["check"])}),
    }


def write(file: IO[str], head: JsonMapping, lines: Lines, _columns: Sequence[str]) -> None:
    """Write a list of events."""
    when = int(datetime.fromisoformat(head["started_at"]).timestamp() * 1000)
    file.write("[")
    missing = (json.dumps(gap(entry, head, when)) for entry in gaps(head))
    events = (json.dumps(event(json.loads(line), head, when)) for line in lines())
    joined(file, chain(missing, events))
    file.write("]\n")
