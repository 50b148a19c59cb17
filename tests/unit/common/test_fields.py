"""What a user gives and AWS would refuse is refused before anything is declared, with a sentence that names it."""

from collections.abc import Callable, Mapping

import pytest

from lib.common import fields
from lib.common.errors import SettingError

Field = Callable[[Mapping[str, str], str], str]


@pytest.mark.parametrize("field", [fields.email, fields.domain, fields.hosted_zone, fields.bucket])
def test_a_field_that_is_left_out_is_empty(field: Field) -> None:
    """Nothing is asked of a value that is not there."""
    assert field({}, "NAME") == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (fields.email, "team@example.com"),
        (fields.email, "first.last+aws@mail.example.co.uk"),
        (fields.email, "o'hara@example.com"),
        (fields.email, "Team@Example.com"),
        (fields.domain, "api.example.com"),
        (fields.domain, "a.io"),
        (fields.domain, "x-1.xn--p1ai"),
        (fields.hosted_zone, "Z0123456789ABCDEFGHIJ"),
        (fields.bucket, "my-terraform-state"),
        (fields.bucket, "state.example.com"),
    ],
)
def test_what_aws_takes_is_taken(field: Field, value: str) -> None:
    """It is returned as it was given."""
    assert field({"NAME": value}, "NAME") == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (fields.email, "team"),
        (fields.email, "@example.com"),
        (fields.email, "team@"),
        (fields.email, "team@localhost"),
        (fields.email, "a b@example.com"),
        (fields.email, "a@b@example.com"),
        (fields.email, ".team@example.com"),
        (fields.email, "team..two@example.com"),
        (fields.email, "team@-example.com"),
        (fields.email, "team@example.com\n"),
        (fields.email, "first@example.com,second@example.com"),
        (fields.email, f"{'x' * 65}@example.com"),
        (fields.email, f"team@{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 10}.com"),
        (fields.domain, "api"),
        (fields.domain, "https://api.example.com"),
        (fields.domain, "api_1.example.com"),
        (fields.domain, "-api.example.com"),
        (fields.domain, "API.example.com"),
        (fields.domain, "api.example.com."),
        (fields.domain, f"{'x' * 64}.example.com"),
        (fields.domain, "api.10"),
        (fields.hosted_zone, "example.com"),
        (fields.hosted_zone, "/hostedzone/Z0123456789"),
        (fields.hosted_zone, f"Z{'0' * 32}"),
        (fields.bucket, "My-State"),
        (fields.bucket, "ab"),
        (fields.bucket, "x" * 64),
        (fields.bucket, "a..b"),
        (fields.bucket, "192.168.5.4"),
        (fields.bucket, "xn--state"),
        (fields.bucket, "state-s3alias"),
        (fields.bucket, "state-"),
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
    assert fields.instance_class({"NAME": value}, "NAME", "db.t4g.medium") == value


@pytest.mark.parametrize("value", ["t4g.medium", "db.t4g", "db.t4g.medium ", "db..medium", "db.T4G.medium", "db.t4g."])
def test_no_instance_class_is_refused(value: str) -> None:
    """The sentence shows one."""
    with pytest.raises(SettingError, match=r"is not a valid RDS instance class: write one like 'db\.t4g\.medium'"):
        fields.instance_class({"NAME": value}, "NAME", "db.t4g.medium")
