r"""checkov over what systems declare: a CloudFormation template, or Terraform JSON, each as the tool writes it.

checkov pins an older boto3 than the repository, so it has an environment of its own in .local, from the list beside
this file:

    printf 'checkov\n' | .venv/bin/uv pip compile - --universal --python-version 3.11 --generate-hashes \
      --no-emit-index-url --no-header --no-annotate -o tests/policy/checkov-requirements.txt
"""

import copy
import importlib
import json
import pkgutil
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib.common.acknowledged import Acknowledged
from lib.declared import pulumi_terraform
from lib.declared.read import TOOLS, Source
from tests.support import environments

REQUIREMENTS = Path(__file__).with_name("checkov-requirements.txt")
# Nothing is asked of anybody: no checks, no modules and no severities are downloaded.
OPTIONS = ("--skip-download", "--download-external-modules", "false", "--compact", "--output", "json")
FRAMEWORKS = ("cloudformation", "terraform_json")
SECONDS = 300
REFERENCE = re.compile(r"\b(data\.)?(aws_\w+)\.([\w-]+)")
BETWEEN = "--in--"


@dataclass(frozen=True, order=True)
class Finding:
    """A check that a resource fails."""

    check: str
    resource: str
    title: str

    def __str__(self) -> str:
        """Return the finding as a line."""
        return f"{self.resource}: {self.title} ({self.check})"


def document(source: Source) -> dict[str, Any]:
    """Return what a system declares in a form that checkov reads."""
    if source.tool == "cdk":
        return copy.deepcopy(source.document)
    found = pulumi_terraform.configuration(source.document) if source.tool == "pulumi" else source.document
    return readable(found)


def readable(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return Terraform JSON as checkov can read it, and name what it finds.

    checkov stops at a ``terraform`` block with plain values, takes ``//`` for an argument, and reports no more than the
    last part of a resource's address. So only resources and data stay, without comments, and each label has the type in
    it, in references too. A resource of CDKTF is called by its path in the construct tree.
    """
    kinds = {kind: configuration.get(kind, {}) for kind in ("resource", "data")}
    names = {
        (kind == "data", type_, label): f"{type_}{BETWEEN}{_called(label, values)}"
        for kind, types in kinds.items()
        for type_, labels in types.items()
        for label, values in labels.items()
    }

    def renamed(found: re.Match[str]) -> str:
        data, type_, label = found.groups()
        name = names.get((bool(data), type_, label))
        return f"{data or ''}{type_}.{name}" if name else found[0]

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items() if key != "//"}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return REFERENCE.sub(renamed, value) if isinstance(value, str) else value

    return {
        kind: {
            type_: {names[kind == "data", type_, label]: plain(values) for label, values in labels.items()}
            for type_, labels in types.items()
        }
        for kind, types in kinds.items()
    }


def _called(label: str, values: Mapping[str, Any]) -> str:
    path = str(values.get("//", {}).get("metadata", {}).get("path", label))
    return re.sub(r"[^\w-]", "_", path.partition("/")[2] or path)


def scan(documents: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, list[Finding]]:
    """Return what checkov finds in each document; it is started once for all of them.

    Args:
        documents: templates and configurations, as :func:`document` returns them, by a name for each.
        folder: where they are written.

    Raises:
        RuntimeError: checkov could not read a document, knows nothing in it, or ended with an error.
    """
    files = {}
    for name, content in documents.items():
        file = folder / f"{name}.{'template' if 'Resources' in content else 'tf'}.json"
        file.write_text(json.dumps(content, indent=1), encoding="utf-8")
        files[str(file)] = name
    command = [environments.python("checkov", REQUIREMENTS), "-m", "checkov.main", *OPTIONS]
    command += ["--framework", *FRAMEWORKS, "--file", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS, cwd=folder)
    if done.returncode not in (0, 1):  # 1: it found something
        raise RuntimeError(f"checkov ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, list[Finding]] = {name: [] for name in documents}
    checked: set[str] = set()
    reports = json.loads(done.stdout)
    for report in reports if isinstance(reports, list) else [reports]:
        if "results" not in report:  # it has checked nothing
            continue
        if report["summary"]["parsing_errors"]:
            raise RuntimeError(f"checkov cannot read all of {', '.join(documents)}: {done.stderr[-2000:]}")
        for failed in report["results"]["failed_checks"]:
            finding = Finding(failed["check_id"], _resource(failed["resource"]), failed["check_name"])
            found[files[failed["file_abs_path"]]].append(finding)
        checked.update(files[each["file_abs_path"]] for each in report["results"]["passed_checks"])
    # A document that checkov does not understand has no findings, and passes no check either.
    if unknown := [name for name in documents if not found[name] and name not in checked]:
        raise RuntimeError(f"checkov knows nothing in {', '.join(unknown)}: it has no finding and passes no check.")
    return found


def _resource(text: str) -> str:
    """Return a resource's name: ``AWS::S3::Bucket.Logs``, or ``aws_s3_bucket.logs`` without the parts made up here."""
    kind, between, name = text.partition(".")[2].partition(BETWEEN)
    return f"{kind}.{name}" if between else text


def acknowledged(package: str) -> Iterator[Acknowledged]:
    """Yield what the modules of a package of ``lib`` acknowledge."""
    parent = importlib.import_module(f"lib.{package}")
    for module in pkgutil.iter_modules(parent.__path__):
        yield from getattr(importlib.import_module(f"lib.{package}.{module.name}"), "ACKNOWLEDGED", ())


def packages(system: str) -> list[str]:
    """Return the packages whose modules declare a system's resources."""
    return [system.replace("-", "_"), *(["pulumi_components"] if TOOLS[system] == "pulumi" else [])]


def unacknowledged(found: Iterable[Finding], known: Iterable[Acknowledged]) -> list[str]:
    """Return the findings that nobody has acknowledged, as lines."""
    entries = list(known)
    return sorted(
        str(finding) for finding in found if not any(e.covers(finding.check, finding.resource) for e in entries)
    )


def unused(found: Iterable[Finding], known: Iterable[Acknowledged]) -> list[Acknowledged]:
    """Return the acknowledgements of what is not found any more."""
    findings = list(found)
    return [entry for entry in known if not any(entry.covers(each.check, each.resource) for each in findings)]
