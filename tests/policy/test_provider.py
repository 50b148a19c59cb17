"""The AWS provider accepts what the systems declare, and refuses what it should: ``terraform validate`` and ``plan``.

pulumi-aws is a bridge to the same provider, so it judges the Pulumi programs too. Where no provider can be had, the
tests are skipped with the reason.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lib.common.setting_types import ENVIRONMENTS
from lib.declared import pulumi_terraform
from lib.declared.model import DeclarationError
from lib.declared.read import SYSTEMS, TOOLS
from tests.policy.cases import Case, put, source_of
from tests.support import provider
from tests.support.provider import Provider, Verdict, judge

JUDGED = [system for system in SYSTEMS if TOOLS[system] != "cdk"]
CASES = [Case(system, environment) for system in JUDGED for environment in ("dev", "production")]
Record = Callable[[str, object], None]


def terraform(case: Case) -> dict[str, Any]:
    """Return a case as Terraform JSON."""
    document = source_of(case).document
    return document if case.tool == "cdktf" else pulumi_terraform.configuration(document)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    """The AWS provider that judges."""
    found = provider.find(tmp_path_factory.mktemp("provider"))
    if isinstance(found, str):
        pytest.skip(f"No AWS provider has judged: {found}")
    return found


@pytest.fixture(scope="module")
def verdicts(
    real: Provider, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Case, Future[Verdict]]:
    """What the provider says of each case that is asked for; two are judged at a time."""
    folder, pool = tmp_path_factory.mktemp("judged"), ThreadPoolExecutor(2)
    asked = {item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")}
    return {case: pool.submit(judge, real, terraform(case), folder / str(case)) for case in CASES if case in asked}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_provider_accepts(
    case: Case, real: Provider, verdicts: Mapping[Case, Future[Verdict]], record_property: Record
) -> None:
    """Every argument, and the plan of every resource; what the provider is too old for is said."""
    found = verdicts[case].result()
    record_property(
        "summary",
        f"{real} has judged {found.resources} resources of {case.system} in {case.environment} "
        f"({found.values} values, {found.seconds:.0f} s). Left out: {'; '.join(found.left_out) or 'nothing'}.",
    )
    assert found.errors == []


# Values that the provider refuses, in systems of both tools that it judges, and what it says of each.
TWINS = {
    "disaster-recovery": (
        "aws_s3_bucket_versioning",
        "versioning_configuration.status",
        "Enablde",
        "expected .*status",
    ),
    "flask-api": ("aws_cloudwatch_metric_alarm", "statistic", "Maximmu", "expected statistic to be one of"),
    "payment": ("aws_db_instance", "backup_window", "03:30-04:60", 'must satisfy the format of "hh24:mi-hh24:mi"'),
}


@pytest.mark.parametrize("system", TWINS)
def test_the_provider_refuses(system: str, real: Provider, tmp_path: Path) -> None:
    """A twin with one wrong value: the provider names the resource, and says what is wrong."""
    kind, path, value, message = TWINS[system]
    broken = copy.deepcopy(terraform(Case(system, "production")))
    name, body = next((name, body) for name, body in broken["resource"][kind].items() if path.split(".")[0] in body)
    put(body, path, value)
    (error,) = judge(real, broken, tmp_path, plan=False).errors
    assert error.startswith(f"{kind}.{name}: ")
    assert re.search(message, error)


def test_the_plan_refuses_what_the_arguments_do_not_show(real: Provider, tmp_path: Path) -> None:
    """A twin whose arguments are valid one by one: an attribute of a table that no index uses."""
    broken = copy.deepcopy(terraform(Case("disaster-recovery", "dev")))
    ((name, table),) = broken["resource"]["aws_dynamodb_table"].items()
    table["attribute"].append({"name": "spare", "type": "S"})
    (error,) = judge(real, broken, tmp_path).errors
    assert re.fullmatch(rf"aws_dynamodb_table\.{name}: all attributes must be indexed.*spare.*", error)


def test_a_question_to_aws_without_an_answer_is_named() -> None:
    """A plan asks AWS nothing, so each kind of data has an answer."""
    provider_block = {"aws": [{"alias": "one", "region": "x"}]}
    config = {"provider": provider_block, "resource": {}, "data": {"aws_ami": {"linux": {"provider": "aws.one"}}}}
    with pytest.raises(LookupError, match=r"data\.aws_ami has no answer"):
        provider.answered(config)


PULUMI = [Case(system, environment) for system in SYSTEMS if TOOLS[system] == "pulumi" for environment in ENVIRONMENTS]


def leaves(value: Any) -> Iterator[Any]:
    """Yield every value that is no list and no object."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    elif value is not None:
        yield value


def sizes(document: Mapping[str, Any]) -> dict[str, int]:
    """Return how many values each resource of a Terraform configuration has been given."""
    own = ("//", "provider", "depends_on", "lifecycle")
    return {
        body["//"]["metadata"]["urn"]: len([*leaves([value for key, value in body.items() if key not in own])])
        for group in document["resource"].values()
        for body in group.values()
    }


def given(document: Mapping[str, Any]) -> dict[str, int]:
    """Return how many inputs and time-outs each resource of a Pulumi program has."""
    found = (item for item in document["registrations"] if item["type"].startswith("aws:"))
    return {item["urn"]: len([*leaves([item["inputs"], item["options"]["customTimeouts"]])]) for item in found}


@pytest.mark.parametrize("case", PULUMI, ids=str)
def test_no_input_of_a_pulumi_program_is_lost(case: Case) -> None:
    """As many values stand in the Terraform configuration as were given, for each resource."""
    document = source_of(case).document
    assert sizes(pulumi_terraform.configuration(document)) == given(document)
    assert sum(given(document).values()) > 500


@pytest.mark.parametrize("system", sorted({case.system for case in PULUMI}))
def test_an_input_that_would_be_lost_is_named(system: str) -> None:
    """A twin: an input that the provider has no argument for, in a block."""
    document = copy.deepcopy(source_of(Case(system, "dev")).document)
    changed = next(item for item in document["registrations"] if item["type"] == "aws:lb/listener:Listener")
    changed["inputs"]["defaultActions"][0]["weigth"] = 1
    with pytest.raises(DeclarationError, match=rf"aws_lb_listener\.{changed['name']}: default_action\.weigth = 1"):
        pulumi_terraform.configuration(document)
