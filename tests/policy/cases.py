"""What the policy suite looks at, what a rule is, and how a declaration is broken on purpose.

    case       one system in one environment and region, with everything switched on that can be configured
    rule       a check that takes a declaration and yields what is wrong: "<resource>: <what is wrong, the value>"
    twin       a declaration with one thing changed in the tool's own document, in which a rule must find something

Each case is synthesised once in a session.
"""

import copy
import fnmatch
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import tap
from lib.common import region
from lib.common.setting_types import ENVIRONMENTS
from lib.declared.model import Declaration
from lib.declared.read import SYSTEMS, TOOLS, Source, source, view
from tests.policy.rule import Check
from tests.support.regions import chosen

SUFFIX = "pr-7"
ACCOUNT = "123456789012"
HOME = region.primary({})
# Systems that are in two regions at a time.
PAIRS = frozenset(name for name, system in tap.SYSTEMS.items() if system.regions == 2)
TOOL_NAMES = tuple(sorted({TOOLS[system] for system in SYSTEMS}))


def partition_regions() -> dict[str, str]:
    """Return one region of each partition that has two of them, for each partition but the home region's."""
    found: dict[str, str] = {}
    for name in chosen():
        if neighbour(name) and region.partition(name) != region.partition(HOME):
            found.setdefault(region.partition(name), name)
    return found


def neighbour(name: str) -> str:
    """Return another region of the same partition, or nothing where there is none."""
    others = (other for other, partition in sorted(region.known().items()) if partition == region.partition(name))
    return next((other for other in others if other != name), "")


@dataclass(frozen=True)
class Case:
    """One system in one environment and region; an empty second region is the one of lib/AWS_REGION_DR."""

    system: str
    environment: str
    region: str = HOME
    suffix: str = SUFFIX
    second: str = ""

    @property
    def tool(self) -> str:
        """The infrastructure-as-code tool of the system: ``cdk``, ``cdktf`` or ``pulumi``."""
        return TOOLS[self.system]

    @property
    def environ(self) -> dict[str, str]:
        """The settings of the case: everything that can be switched on is."""
        regions = {region.PRIMARY: self.region}
        if self.system in PAIRS:
            second = self.second or ("" if self.region == HOME else neighbour(self.region))
            regions |= {region.SECONDARY: second} if second else {}
            first, other = region.pair(regions)
            own = {"CERTIFICATE_ARN": certificate(first), "CERTIFICATE_ARN_DR": certificate(other)}
        else:
            own = {"CERTIFICATE_ARN": certificate(self.region), "IMAGE": "v1"}
        return {
            **regions,
            **own,
            "ENVIRONMENT": self.environment,
            "ENVIRONMENT_SUFFIX": self.suffix,
            "ACCOUNT_ID": ACCOUNT,
            "DOMAIN_NAME": "api.example.com",
            "HOSTED_ZONE_ID": "Z0123456789ABCDEFGHIJ",
            "ALARM_EMAIL": "team@example.com",
        }

    def __str__(self) -> str:
        """Return the name of the case in a test's name."""
        return f"{self.system}-{self.environment}-{self.region}"


def certificate(name: str) -> str:
    """Return the ARN of a certificate in a region."""
    return f"arn:{region.partition(name)}:acm:{name}:{ACCOUNT}:certificate/{'0' * 8}-0000-0000-0000-{'0' * 12}"


CASES = [
    *(Case(system, environment) for system in SYSTEMS for environment in ENVIRONMENTS),
    *(Case(system, "production", name) for system in SYSTEMS for name in partition_regions().values()),
]


@cache
def source_of(case: Case) -> Source:
    """Return the tool's own document of a case. Callers must not change it."""
    return source(case.system, case.environ)


@cache
def declared(case: Case) -> Declaration:
    """Return what is declared in a case."""
    return view(source_of(case))


def production(system: str) -> Declaration:
    """Return what a system declares in production, in the home region."""
    return declared(Case(system, "production"))


REMOVED = object()
"""A change to this value removes the key."""


@dataclass(frozen=True)
class Twin:
    """One change to a tool's own document in production, and the rule that must find it.

    Attributes:
        check: the rule's function.
        tool: ``cdk``, ``cdktf`` or ``pulumi``.
        type: the type in the tool's own words: ``AWS::SQS::Queue``, ``aws_sqs_queue``, ``aws:sqs/queue:Queue``.
        part: a part of the resource's name or of its path in the construct tree; the first one that has it is changed.
        changes: new values by path, for example ``Tags.0.Value``, also into JSON texts; none removes the resource.
        system: where a tool has several systems; otherwise the first of the tool that declares the type.
        copies: how many more times the resource is declared; then no change removes nothing.
        adds: a type of which a resource is added beside this one, which is not changed; the changes are its values.
    """

    check: Check
    tool: str
    type: str
    part: str
    changes: Mapping[str, Any]
    system: str = ""
    copies: int = 0
    adds: str = ""

    def __str__(self) -> str:
        """Return the twin's name in a test's name."""
        return f"{self.check.__name__}-{self.adds or self.type}-{'-'.join(self.changes)}"

    def broken(self) -> Declaration:
        """Return what is declared with the change in it.

        Raises:
            LookupError: no system of the tool declares such a resource, or no value stands at the path.
        """
        for system in [name for name in SYSTEMS if TOOLS[name] == self.tool and self.system in ("", name)]:
            found = source_of(Case(system, "production"))
            document = copy.deepcopy(found.document)
            if self._change(document):
                return view(replace(found, document=document))
        raise LookupError(f"No system of {self.tool} declares a {self.type} with {self.part!r} in its name.")

    def _change(self, document: dict[str, Any]) -> bool:
        for found in _CANDIDATES[self.tool](document, self.type, self.part):
            if self.adds:
                found.add(self.adds, dict(self.changes))
                return True
            for path, value in self.changes.items():
                put(found.values, path, value)
            for number in range(self.copies):
                found.copy(f"copy{number}")
            if not self.changes and not self.copies:
                found.remove()
            return True
        return False


def put(values: Any, path: str, value: Any) -> None:
    """Put a value at a dotted path of a document; steps may be patterns such as ``*Policy``, and lead into JSON texts.

    Raises:
        LookupError: a step leads nowhere.
    """
    step, _dot, rest = path.partition(".")
    key: Any = int(step) if isinstance(values, list) else next((k for k in values if fnmatch.fnmatch(k, step)), step)
    if not rest:
        if value is REMOVED:
            del values[key]
        else:
            values[key] = value(copy.deepcopy(values[key])) if callable(value) else value
    elif isinstance(values[key], str):
        inner = json.loads(values[key])
        put(inner, rest, value)
        values[key] = json.dumps(inner)
    else:
        put(values[key], rest, value)


@dataclass(frozen=True)
class Found:
    """A resource in a tool's own document: its arguments, how to remove it, repeat it, add one of another type."""

    values: dict[str, Any]
    remove: Callable[[], Any]
    copy: Callable[[str], Any]
    add: Callable[[str, dict[str, Any]], Any]


Candidates = Iterator[Found]


def _in_template(document: dict[str, Any], kind: str, part: str) -> Candidates:
    resources = document["Resources"]

    def again(name: str, ending: str) -> None:
        resources[f"{name}{ending}"] = copy.deepcopy(resources[name])

    def other(added: str, values: dict[str, Any]) -> None:
        resources["Added"] = {"Type": added, "Properties": values}

    for name, resource in resources.items():
        if resource["Type"] == kind and part in name:
            yield Found(resource["Properties"], partial(resources.pop, name), partial(again, name), other)


def _in_terraform(document: dict[str, Any], kind: str, part: str) -> Candidates:
    if kind == "provider":
        for provider in document["provider"]["aws"]:
            yield Found(provider, partial(document["provider"]["aws"].remove, provider), str, dict)
    resources = document["resource"].get(kind, {})

    def again(name: str, ending: str) -> None:
        values = resources[f"{name}-{ending}"] = copy.deepcopy(resources[name])
        values["//"]["metadata"]["path"] += f"-{ending}"

    def other(like: dict[str, Any], added: str, values: dict[str, Any]) -> None:
        kept = {key: copy.deepcopy(like[key]) for key in ("//", "provider")}
        document["resource"].setdefault(added, {})["added"] = {**kept, **values}

    for name, values in resources.items():
        if part in values["//"]["metadata"]["path"]:
            yield Found(values, partial(resources.pop, name), partial(again, name), partial(other, values))


def _in_registrations(document: dict[str, Any], kind: str, part: str) -> Candidates:
    registrations = document["registrations"]

    def again(registration: dict[str, Any], ending: str) -> None:
        named = {key: f"{registration[key]}-{ending}" for key in ("name", "urn")}
        registrations.append({**copy.deepcopy(registration), **named})

    def other(registration: dict[str, Any], added: str, values: dict[str, Any]) -> None:
        named = {"name": "added", "urn": f"{registration['urn']}-added", "type": added, "inputs": values}
        registrations.append({**copy.deepcopy(registration), **named})

    for registration in registrations:
        if registration["type"] == kind and part in registration["name"]:
            yield Found(
                registration["inputs"],
                partial(registrations.remove, registration),
                partial(again, registration),
                partial(other, registration),
            )


_CANDIDATES: Mapping[str, Callable[[dict[str, Any], str, str], Candidates]] = {
    "cdk": _in_template,
    "cdktf": _in_terraform,
    "pulumi": _in_registrations,
}
