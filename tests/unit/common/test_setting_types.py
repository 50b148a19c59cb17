"""What a user gives and AWS would refuse is refused before anything is declared, with a sentence that names it."""

from typing import Any

import pytest

from lib.common import region, setting_types
from lib.common.errors import SettingError
from lib.common.setting_types import Derived, Setting, SettingType

HERE = region.primary({})
ELSEWHERE = next(name for name in sorted(region.known()) if name != HERE)
CERTIFICATE = f"arn:{region.partition(HERE)}:acm:{HERE}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
OPTIONAL = [
    setting_types.ACCOUNT_ID,
    setting_types.EMAIL,
    setting_types.DOMAIN,
    setting_types.HOSTED_ZONE,
    setting_types.BUCKET,
]


def read(kind: SettingType[Any], text: str, default: Any = "", **found: str) -> Any:
    """Return what a setting of a kind makes of the text of its variable."""
    return Setting(kind, "what it is", default, alias="NAME").read({"NAME": text}, found)


@pytest.mark.parametrize("kind", [*OPTIONAL, setting_types.certificate()], ids=lambda kind: kind.takes)
def test_a_text_that_is_left_out_is_empty(kind: SettingType[str]) -> None:
    """Nothing is asked of a value that is not there."""
    assert read(kind, "", region=HERE) == ""


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (setting_types.EMAIL, "team@example.com"),
        (setting_types.EMAIL, "first.last+aws@mail.example.co.uk"),
        (setting_types.EMAIL, "o'hara@example.com"),
        (setting_types.EMAIL, "Team@Example.com"),
        (setting_types.ACCOUNT_ID, "012345678901"),
        (setting_types.DOMAIN, "api.example.com"),
        (setting_types.DOMAIN, "a.io"),
        (setting_types.DOMAIN, "x-1.xn--p1ai"),
        (setting_types.HOSTED_ZONE, "Z0123456789ABCDEFGHIJ"),
        (setting_types.BUCKET, "my-terraform-state"),
        (setting_types.BUCKET, "state.example.com"),
    ],
)
def test_what_aws_takes_is_taken(kind: SettingType[str], value: str) -> None:
    """It is returned as it was given."""
    assert read(kind, value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (setting_types.EMAIL, "team"),
        (setting_types.EMAIL, "@example.com"),
        (setting_types.EMAIL, "team@"),
        (setting_types.EMAIL, "team@localhost"),
        (setting_types.EMAIL, "a b@example.com"),
        (setting_types.EMAIL, "a@b@example.com"),
        (setting_types.EMAIL, ".team@example.com"),
        (setting_types.EMAIL, "team..two@example.com"),
        (setting_types.EMAIL, "team@-example.com"),
        (setting_types.EMAIL, "team@example.com\n"),
        (setting_types.EMAIL, "first@example.com,second@example.com"),
        (setting_types.EMAIL, f"{'x' * 65}@example.com"),
        (setting_types.EMAIL, f"team@{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 10}.com"),
        (setting_types.ACCOUNT_ID, "12345678901"),
        (setting_types.ACCOUNT_ID, "1234-5678-9012"),
        (setting_types.DOMAIN, "api"),
        (setting_types.DOMAIN, "https://api.example.com"),
        (setting_types.DOMAIN, "api_1.example.com"),
        (setting_types.DOMAIN, "-api.example.com"),
        (setting_types.DOMAIN, "API.example.com"),
        (setting_types.DOMAIN, "api.example.com."),
        (setting_types.DOMAIN, f"{'x' * 64}.example.com"),
        (setting_types.DOMAIN, "api.10"),
        (setting_types.HOSTED_ZONE, "example.com"),
        (setting_types.HOSTED_ZONE, "/hostedzone/Z0123456789"),
        (setting_types.HOSTED_ZONE, f"Z{'0' * 32}"),
        (setting_types.BUCKET, "My-State"),
        (setting_types.BUCKET, "ab"),
        (setting_types.BUCKET, "x" * 64),
        (setting_types.BUCKET, "a..b"),
        (setting_types.BUCKET, "192.168.5.4"),
        (setting_types.BUCKET, "xn--state"),
        (setting_types.BUCKET, "state-s3alias"),
        (setting_types.BUCKET, "state-"),
    ],
)
def test_what_aws_refuses_is_refused(kind: SettingType[str], value: str) -> None:
    """The sentence names the variable and the value, and says what to write."""
    with pytest.raises(SettingError) as refused:
        read(kind, value)
    assert f"NAME={value!r} is not a valid " in str(refused.value)
    assert "write " in str(refused.value)


@pytest.mark.parametrize("value", ["a b", "team@example.com", "https://host/a_b:c+d=e", "é", "x" * 256])
def test_a_tag_that_aws_takes_is_taken(value: str) -> None:
    """Letters of any script, digits, spaces and eight marks, up to 256."""
    assert read(setting_types.TAG, value, "tap") == value


@pytest.mark.parametrize("value", ["a;b", "a\n", "50%", "<x>", "x" * 257, "aws:team", "rds:team"])
def test_a_tag_that_aws_refuses_is_refused(value: str) -> None:
    """The message names the variable and what it takes."""
    with pytest.raises(SettingError, match=r"NAME='.* cannot be a tag: use up to 256"):
        read(setting_types.TAG, value, "tap")


@pytest.mark.parametrize("value", ["db.t4g.medium", "db.r6gd.16xlarge", "db.z1d.large"])
def test_an_instance_class_is_taken(value: str) -> None:
    """A family and a size."""
    assert read(setting_types.INSTANCE_CLASS, value, "db.t4g.medium") == value


@pytest.mark.parametrize("value", ["t4g.medium", "db.t4g", "db.t4g.medium ", "db..medium", "db.T4G.medium", "db.t4g."])
def test_no_instance_class_is_refused(value: str) -> None:
    """The sentence shows one."""
    with pytest.raises(SettingError, match=r"is not a valid RDS instance class: write one like 'db\.t4g\.medium'"):
        read(setting_types.INSTANCE_CLASS, value, "db.t4g.medium")


@pytest.mark.parametrize("value", ["10.0.0.0/16", "192.168.7.0/24"])
def test_a_private_network_is_taken(value: str) -> None:
    """From the largest that a VPC can be to one whose sixteenth is a subnet."""
    assert read(setting_types.NETWORK, value, "10.1.0.0/16") == value


@pytest.mark.parametrize("value", ["10.0.0.0/15", "10.0.0.0/25", "8.8.0.0/16", "10.0.0.1/16", "10.0.0.0", "net"])
def test_another_network_is_refused(value: str) -> None:
    """The sentence shows one that is taken."""
    with pytest.raises(
        SettingError, match=r"write a private IPv4 network from /16 to /24, for example '10\.1\.0\.0/16'"
    ):
        read(setting_types.NETWORK, value, "10.1.0.0/16")


@pytest.mark.parametrize("value", ["0", "6", "-1", "1.0", "²", "one"])
def test_a_number_outside_its_limits_is_refused(value: str) -> None:
    """So is what is no number."""
    with pytest.raises(SettingError, match="is refused: use a whole number from 1 to 5"):
        read(setting_types.number(1, 5), value, 3)


@pytest.mark.parametrize("value", [1, 5])
def test_the_limits_of_a_number_are_taken(value: int) -> None:
    """Both of them."""
    assert read(setting_types.number(1, 5), str(value), 3) == value


def test_only_the_amounts_of_a_service_are_taken() -> None:
    """CloudWatch Logs keeps for seven days or fourteen, and for none between."""
    days = setting_types.amount("CloudWatch Logs", (7, 14))
    assert read(days, "14", 7) == 14
    with pytest.raises(SettingError, match="NAME='13' is refused: CloudWatch Logs takes 7, 14"):
        read(days, "13", 7)


def test_only_true_and_false_are_flags() -> None:
    """Yes and no are not."""
    assert [read(setting_types.FLAG, text, False) for text in ("true", "false", "")] == [True, False, False]
    with pytest.raises(SettingError, match="NAME='yes' is not a valid flag: use true or false"):
        read(setting_types.FLAG, "yes", True)


def test_only_the_words_of_a_choice_are_taken() -> None:
    """The sentence lists them."""
    assert read(setting_types.choice("a", "b"), "b", "a") == "b"
    with pytest.raises(SettingError, match="NAME='c' is unknown: use one of a, b"):
        read(setting_types.choice("a", "b"), "c", "a")


def test_a_certificate_lies_in_the_region_of_another_setting() -> None:
    """A load balancer takes no other."""
    assert read(setting_types.certificate(), CERTIFICATE, region=HERE) == CERTIFICATE
    with pytest.raises(SettingError, match="takes an ACM certificate of its own region"):
        read(setting_types.certificate(), CERTIFICATE, region=ELSEWHERE)


def test_a_default_can_follow_from_another_setting() -> None:
    """Where the variable says nothing."""
    most = Setting(setting_types.number(1, 9), "", Derived("twice", lambda found: 2 * found["least"]), alias="MOST")
    assert (most.read({}, {"least": 4}), most.read({"MOST": "9"}, {"least": 4})) == (8, 9)


def test_a_value_from_a_file_is_refused_with_its_place() -> None:
    """The sentence names file and key in place of the variable."""
    port = Setting(setting_types.number(1, 5), "", 3, alias="PORT")
    with pytest.raises(SettingError, match=r"^dev\.toml: port='6' is refused"):
        port.read({"PORT": ("dev.toml: port", "6")})
