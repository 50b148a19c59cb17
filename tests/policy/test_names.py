"""Environments, regions and pairs of regions share no name, and the longest names still keep to AWS's limits."""

import copy
import dataclasses

import pytest

from lib.common import naming, region, setting_types
from lib.declared import schemas
from lib.declared.model import REFERENCE
from lib.declared.read import view
from tests.policy.cases import HOME, PAIRS, SYSTEMS, Case, declared, put, source_of
from tests.policy.rules import fixed_names, limits, names

LONGEST_SUFFIX = "a" + "-b" * 9 + "c"
LONGEST_REGION = max((name for name in region.known() if region.partition(name) == "aws"), key=len)


def others(system: str) -> list[Case]:
    """Return a system in regions that have nothing in common with the home region's case."""
    free = [name for name in sorted(region.known()) if region.partition(name) == region.partition(HOME)]
    used = set(region.pair({})) if system in PAIRS else {HOME}
    first, second, *_more = [name for name in free if name not in used]
    return [Case(system, "production", first, second=second if system in PAIRS else "")]


@pytest.mark.parametrize("system", SYSTEMS)
def test_two_suffixes_share_no_name(system):
    first, second = (
        {(found.type, found.region, name) for found, name in names.names(declared(Case(system, "dev", suffix=suffix)))}
        for suffix in ("pr-7", "pr-70")
    )
    assert len(first) == len(second) >= 1
    assert {name for name in first & second if "${" not in name[2]} == set()


def types_with_a_name(system: str) -> set[str]:
    """Return the types whose resources AWS tells apart by a name that the system chose, by their schemas."""
    named = set()
    for found in declared(Case(system, "production")).resources:
        schema = schemas.schema(found.type)
        writable = set(schema.get("primaryIdentifier", ())) - set(schema.get("readOnlyProperties", ()))
        own = [path.rpartition("/")[2] for path in writable if path.endswith(("Name", "Identifier", "Family"))]
        if any(isinstance(found.at(name), str) and not REFERENCE.search(found.at(name)) for name in own):
            named.add(found.type)
    return named


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_type_with_a_name_is_known(system):
    """The rules look at each of them."""
    assert types_with_a_name(system) - names.NAMES.keys() - names.NAMED_WITHIN == set()


def test_the_schemas_say_what_has_a_name():
    """A small system may have none of them; all systems together have many."""
    assert len(set().union(*map(types_with_a_name, SYSTEMS))) >= 8


@pytest.mark.parametrize("system", SYSTEMS)
def test_two_regions_of_an_account_share_no_name(system):
    here = names.account_wide(declared(Case(system, "production")))
    for case in others(system):
        there = names.account_wide(declared(case))
        assert len(here) == len(there)
        assert here & there == set()


def test_some_names_are_the_accounts():
    """What the test above compares: without them it would compare nothing."""
    assert len(set().union(*(names.account_wide(declared(Case(system, "production"))) for system in SYSTEMS))) >= 2


@pytest.mark.parametrize("system", sorted(PAIRS & set(SYSTEMS)))
def test_both_regions_of_a_pair_share_no_name(system):
    declaration = declared(Case(system, "production"))
    assert list(names.names_are_unique(declaration)) == []
    assert {found.region for found in declaration.resources} >= set(region.pair({}))


def test_a_role_without_its_region_is_noticed():
    """The twin of the test above: both regions' roles get the same name."""
    found = []
    for case in (Case("kinesis-pipeline", "production"), *others("kinesis-pipeline")):
        source = source_of(case)
        document = copy.deepcopy(source.document)
        roles = [r for r in document["Resources"].values() if r["Type"] == "AWS::IAM::Role"]
        for number, role in enumerate(roles):
            put(role["Properties"], "RoleName", f"kinesis-pipeline-{number}-pr-7")
        found.append(names.account_wide(view(dataclasses.replace(source, document=document))))
    assert len(found[0] & found[1]) >= 2


def test_what_becomes_of_each_name_is_decided():
    """A type that is named for the first time is in one of the three tables, and in one only."""
    decided = [*fixed_names.IN_USE, *fixed_names.STAYS, *fixed_names.FREE]
    assert sorted(decided) == sorted(names.NAMES)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_longest_names_keep_to_the_limits(system):
    assert len(LONGEST_SUFFIX) == naming.SUFFIX_LENGTH
    case = Case(system, setting_types.ENVIRONMENTS[-1], LONGEST_REGION, suffix=naming.check_suffix(LONGEST_SUFFIX))
    declaration = declared(case)
    for rule in (limits.texts, limits.models, limits.tag_limits, names.names_are_unique):
        assert list(rule(declaration)) == []
