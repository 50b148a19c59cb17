"""report.ocsf.json: OCSF 1.8.0 events, for Security Lake and the like.

https://schema.ocsf.io/1.8.0/
What is open to the world is a Detection Finding (2004), what costs without need a Compliance Finding (2003).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any

from lib.analyse.outputs import Lines, joined

VERSION = "1.8.0"
SEVERITIES = {"info": (1, "Informational"), "low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High")}
SEVERITIES["critical"] = (5, "Critical")
CREATE, NEW, SUPPRESSED, WARNING = 1, 1, 3, 2  # activity_id, status_id twice, compliance.status_id
DETECTION = "open-ingress"


def _compliance(check: str) -> dict[str, Any]:
    return {"control": check, "standards": ["TAP"], "status_id": WARNING}


def event(found: Mapping[str, Any], head: Mapping[str, Any], when: int) -> dict[str, Any]:
    """Return a finding as an OCSF event; ``when`` is in milliseconds since 1970."""
    number, name = SEVERITIES[found["severity"]]
    detection = found["check"] == DETECTION
    uid = 2004 if detection else 2003
    resource = {
        "uid": found["arn"],
        "name": found["id"],
        "type": found["check"],
        "region": found["region"],
        "labels": [f"{key}:{value}" for key, value in found["tags"].items()],
    }
    ignored = found["ignored"]
    return {
        "activity_id": CREATE,
        "category_uid": 2,
        "class_uid": uid,
        "type_uid": uid * 100 + CREATE,
        "time": when,
        "severity_id": number,
        "severity": name,
        "status_id": SUPPRESSED if ignored else NEW,
        "message": found["title"],
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "product": {"name": head["tool"]["name"], "vendor_name": "TAP", "version": head["tool"]["version"]},
        },
        "cloud": {"provider": "AWS", "region": found["region"], "account": {"uid": found["account"]}},
        "finding_info": {
            "uid": f"{found['check']}:{found['arn']}",
            "title": found["title"],
            "desc": head["checks"][found["check"]]["title"],
            "types": [found["type"]],
        },
        "resources": [resource],
        "remediation": {"desc": head["checks"][found["check"]]["advice"]},
        "unmapped": {"monthly_usd": found["monthly_usd"], "details": found["details"], "ignored": ignored},
        **({} if detection else {"compliance": _compliance(found["check"])}),
    }


def write(file: IO[str], head: Mapping[str, Any], lines: Lines, _columns: Sequence[str]) -> None:
    """Write a list of events."""
    when = int(datetime.fromisoformat(head["started_at"]).timestamp() * 1000)
    file.write("[")
    joined(file, (json.dumps(event(json.loads(line), head, when)) for line in lines()))
    file.write("]\n")
