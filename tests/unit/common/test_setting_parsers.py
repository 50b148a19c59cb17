"""What a user gives and AWS would refuse is refused before anything is declared, with a sentence that names it."""

from collections.abc import Callable, Mapping

import pytest

from lib.common import setting_parsers
from lib.common.errors import SettingError

Field = Callable[[Mapping[str, str], str], str]


@pytest.mark.parametrize(
    "field", [setting_parsers.email, setting_parsers.domain, setting_parsers.hosted_zone, setting_parsers.bucket]
)
def test_a_field_that_is_left_out_is_empty(field: Field) -> None:
    """Nothing is asked of a value that is not there."""
    assert field({}, "NAME") == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (setting_parsers.email, "team@example.com"),
        (setting_parsers.email, "first.last+aws@mail.example.co.uk"),
        (setting_parsers.email, "o'hara@example.com"),
        (setting_parsers.email, "Team@Example.com"),
        (setting_parsers.domain, "api.example.com"),
        (setting_parsers.domain, "a.io"),
        (setting_parsers.domain, "x-1.xn--p1ai"),
        (setting_parsers.hosted_zone, "Z0123456789ABCDEFGHIJ"),
        (setting_parsers.bucket, "my-terraform-state"),
        (setting_parsers.bucket, "state.example.com"),
    ],
)
def test_what_aws_takes_is_taken(field: Field, value: str) -> None:
    """It is returned as it was given."""
    assert field({"NAME": value}, "NAME") == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (setting_parsers.email, "team"),
        (setting_parsers.email, "@example.com"),
        (setting_parsers.email, "team@"),
        (setting_parsers.email, "team@localhost"),
        (setting_parsers.email, "a b@example.com"),
        (setting_parsers.email, "a@b@example.com"),
        (setting_parsers.email, ".team@example.com"),
        (setting_parsers.email, "team..two@example.com"),
        (setting_parsers.email, "team@-example.com"),
        (setting_parsers.email, "team@example.com\n"),
        (setting_parsers.email, "first@example.com,second@example.com"),
        (setting_parsers.email, f"{'x' * 65}@example.com"),
        (setting_parsers.email, f"team@{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 10}.com"),
        (setting_parsers.domain, "api"),
        (setting_parsers.domain, "https://api.example.com"),
        (setting_parsers.domain, "api_1.example.com"),
        (setting_parsers.domain, "-api.example.com"),
        (setting_parsers.domain, "API.example.com"),
        (setting_parsers.domain, "api.example.com."),
        (setting_parsers.domain, f"{'x' * 64}.example.com"),
        (setting_parsers.domain, "api.10"),
        (setting_parsers.hosted_zone, "example.com"),
        (setting_parsers.hosted_zone, "/hostedzone/Z0123456789"),
        (setting_parsers.hosted_zone, f"Z{'0' * 32}"),
        (setting_parsers.bucket, "My-State"),
        (setting_parsers.bucket, "ab"),
        (setting_parsers.bucket, "x" * 64),
        (setting_parsers.bucket, "a..b"),
        (setting_parsers.bucket, "192.168.5.4"),
        (setting_parsers.bucket, "xn--state"),
        (setting_parsers.bucket, "state-s3alias"),
        (setting_parsers.bucket, "state-"),
    ],
)
def test_what_aws_refuses_is_refused(field: Field, value: str) -> None:
    """The sentence names the variable and the value, and says what to write."""
    with pytest.raises(SettingError) as refused:
        field({"NAME": value}, "NAME")
    assert f"NAME={value!r} is not a valid " in str(refused.value)
    assert "write " in str(refused.value)


@pytest.mark.parametrize("value", ["db.t4g.medium", "db.r6gd.16xlarge", "db.z1d.large"])
def test_an_instance_class_is_taken(value: str) -> None:
    """A family and a size."""
    assert setting_parsers.instance_class({"NAME": value}, "NAME", "db.t4g.medium") == value


@pytest.mark.parametrize("value", ["t4g.medium", "db.t4g", "db.t4g.medium ", "db..medium", "db.T4G.medium", "db.t4g."])
def test_no_instance_class_is_refused(value: str) -> None:
    """The sentence shows one."""
    with pytest.raises(SettingError, match=r"is not a valid RDS instance class: write one like 'db\.t4g\.medium'"):
        setting_parsers.instance_class({"NAME": value}, "NAME", "db.t4g.medium")
