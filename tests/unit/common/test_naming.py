"""Every name ends with the suffix and is one that its service accepts; the rest is refused with a remedy."""

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.common import naming, region
from lib.common.errors import SettingError

# Letters, digits and hyphens, so that many examples are accepted, and some of what is near.
NEARLY = st.text(alphabet=string.ascii_lowercase + string.digits + "-A_.\n", max_size=naming.SUFFIX_LENGTH + 2)
RESERVED = ("an", "pr-an", "s3alias", "pr-s3alias")
HERE, THERE = region.pair({})
WORDS = st.lists(st.text(alphabet=string.ascii_lowercase + string.digits, min_size=1), min_size=1).map("-".join)


def physical(kind: str, base: str, suffix: str, *, length: int | None = None) -> str:
    """Return a name in the primary region."""
    return naming.physical(kind, base, suffix, regions=[HERE], length=length)


def physical_text(kind: str, base: str) -> str:
    """Return what a name would be, were it not refused."""
    return f"{base}-{region.short(HERE)}-dev" if kind in naming.ACCOUNT_WIDE else f"{base}-dev"


def accepted(value: str) -> bool:
    """Whether the value may be a suffix."""
    try:
        return naming.check_suffix(value) == value
    except SettingError:
        return False


@given(st.one_of(NEARLY, WORDS, st.text()))
def test_every_accepted_suffix_fits_every_service(value: str) -> None:
    """What passes the check at the start never fails at the deployment."""
    assume(accepted(value))
    for kind in naming.LIMITS:
        where = f"-{region.short(HERE)}" if kind in naming.ACCOUNT_WIDE else ""
        assert physical(kind, "tap", value) == f"tap{where}-{value}"


@given(WORDS)
def test_ordinary_suffixes_are_accepted(value: str) -> None:
    """The check is no stricter than it says: words of lower case and digits, joined by single hyphens."""
    assert accepted(value) == (len(value) <= 20 and value.rsplit("-", maxsplit=1)[-1] not in {"an", "s3alias"})


@pytest.mark.parametrize("value", ["a", "1", "dev", "pr-123", "can", "an-1", "s3alias-2", "x" * 20])
def test_a_good_suffix_is_returned_unchanged(value: str) -> None:
    """Nothing is cut or rewritten behind the user's back."""
    assert naming.check_suffix(value) == value


@pytest.mark.parametrize(
    "value",
    [*("", "Dev", "a_b", "a.b", "a b", "-a", "a-", "a--b", "x" * 21, "dev\n", "é", "٣"), *RESERVED],
)
def test_a_suffix_that_some_service_refuses_is_refused(value: str) -> None:
    """The message repeats the value and gives an example that works."""
    with pytest.raises(SettingError, match=f"ENVIRONMENT_SUFFIX={re.escape(repr(value))} .* for example 'pr-123'"):
        naming.check_suffix(value)


def test_the_suffix_is_dev_unless_it_is_chosen() -> None:
    """An empty variable is no choice either."""
    assert [naming.suffix({}), naming.suffix({"ENVIRONMENT_SUFFIX": ""})] == ["dev", "dev"]


def test_the_environment_chooses_the_suffix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument, the process's own variables count."""
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "pr-7")
    assert naming.suffix() == "pr-7"


def test_the_environment_cannot_choose_a_bad_suffix() -> None:
    """Reading the variable checks it."""
    with pytest.raises(SettingError, match="'PR_7'"):
        naming.suffix({"ENVIRONMENT_SUFFIX": "PR_7"})


@pytest.mark.parametrize("kind", naming.LIMITS)
def test_a_name_may_have_the_longest_length_and_no_more(kind: str) -> None:
    """The limit itself is allowed; one character more is refused, with both numbers."""
    longest = naming.LIMITS[kind].longest
    rest = len(physical(kind, "abc", "dev")) - len("abc")
    assert len(physical(kind, "a" * (longest - rest), "dev")) == longest
    with pytest.raises(SettingError, match=f"has {longest + 1} characters, and AWS takes .* to {longest}: shorten"):
        physical(kind, "a" * (longest - rest + 1), "dev")


# From each service's API reference; twice, so that a number is not changed by mistake.
LONGEST = {
    "api": 1024,
    "queue": 80,
    "rule": 64,
    "web_acl": 128,
    "cluster": 255,
    "dashboard": 255,
    "service": 255,
    "target_group": 32,
    "task": 255,
    "alarm": 255,
    "bucket": 63,
    "database": 63,
    "function": 64,
    "global_cluster": 63,
    "key_alias": 250,
    "load_balancer": 32,
    "log_group": 512,
    "parameter_group": 255,
    "repository": 256,
    "role": 64,
    "secret": 512,
    "security_group": 255,
    "stack": 128,
    "stream": 128,
    "subnet_group": 255,
    "table": 255,
    "topic": 256,
}


def test_the_limits_are_aws_s() -> None:
    """One number for each kind of name."""
    assert {kind: limit.longest for kind, limit in naming.LIMITS.items()} == LONGEST


def test_a_name_may_have_the_shortest_length() -> None:
    """Three characters are a bucket's name."""
    assert physical("bucket", "t", "a") == "t-a"


@pytest.mark.parametrize("kind", ["bucket", "table"])
def test_a_name_may_be_too_short(kind: str) -> None:
    """Two services want three characters."""
    with pytest.raises(SettingError, match="has 2 characters, and AWS takes 3"):
        physical(kind, "", "a")


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("alarm", "tab\there"),
        ("bucket", "Upper"),
        ("bucket", "xn--tap"),
        ("bucket", "dot.ted"),
        ("cluster", "dot.ted"),
        ("dashboard", "a space"),
        ("service", "a/slash"),
        ("target_group", "under_score"),
        ("task", "a:colon"),
        ("database", "1st"),
        ("database", "double--hyphen"),
        ("function", "dot.ted"),
        ("key_alias", "a space"),
        ("load_balancer", "internal-tap"),
        ("load_balancer", "-tap"),
        ("log_group", "a:colon"),
        ("parameter_group", "under_score"),
        ("repository", "Upper"),
        ("role", "a/slash"),
        ("secret", "a space"),
        ("security_group", "sg-tap"),
        ("security_group", "é"),
        ("stack", "under_score"),
        ("stream", "a/slash"),
        ("subnet_group", "1st"),
        ("table", "a/slash"),
        ("topic", "dot.ted"),
    ],
)
def test_characters_that_the_service_refuses_are_refused(kind: str, base: str) -> None:
    """The message names the kind, the whole name and the pattern."""
    with pytest.raises(
        SettingError, match=f"The {kind} name {re.escape(repr(physical_text(kind, base)))} is refused.*must match"
    ):
        physical(kind, base, "dev")


def test_a_placeholder_counts_with_its_value_s_length() -> None:
    """A name that holds ``${AWS::AccountId}`` is judged as long as it will be, and not by its characters."""
    assert physical("bucket", "tap-${AWS::AccountId}", "dev", length=20) == "tap-${AWS::AccountId}-dev"


def test_a_placeholder_can_make_a_name_too_long() -> None:
    """A short placeholder may stand for a long value."""
    with pytest.raises(SettingError, match="has 64 characters"):
        physical("bucket", "tap-${X}", "dev", length=64)


def test_two_environments_never_share_a_name() -> None:
    """The suffix is last and whole: ``dev`` does not end a name of ``dev2``."""
    assert not physical("bucket", "tap", "dev2").endswith("-dev")


@pytest.mark.parametrize("kind", naming.LIMITS)
def test_two_regions_share_no_name_where_aws_has_one_name_space_for_all(kind: str) -> None:
    """IAM, dashboards and global databases have no region of their own: the name has to have it."""
    names = {naming.physical(kind, "tap", "dev", regions=[where]) for where in (HERE, THERE)}
    assert len(names) == (2 if kind in naming.ACCOUNT_WIDE else 1)


def test_what_spans_two_regions_names_both_in_their_order() -> None:
    """The pair turned round is another deployment."""
    first, second = (
        naming.physical("global_cluster", "tap", "dev", regions=pair) for pair in ((HERE, THERE), (THERE, HERE))
    )
    assert first == f"tap-{region.short(HERE)}-{region.short(THERE)}-dev"
    assert first != second
