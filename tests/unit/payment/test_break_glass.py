"""While the stack is protected, nobody ends the key of what is locked, but for a role that a setting names."""

import json
from typing import Any

import pytest

from lib.common.errors import SettingError
from lib.payment.settings import Settings
from tests.support.program import program

ROLE = "arn:aws:iam::123456789012:role/security/break-glass"


def denied(part: str, **environ: str) -> list[dict[str, Any]]:
    """Return what a key's policy denies."""
    policy = json.loads(program(system="payment", **environ).one("kms/key:Key", part)["policy"])
    return [statement for statement in policy["Statement"] if statement["Effect"] == "Deny"]


def test_nobody_ends_the_audit_key_of_a_protected_stack() -> None:
    """Neither at once nor for a while, whatever IAM allows."""
    (statement,) = denied("audit", DELETION_PROTECTION="true")
    assert set(statement["Action"]) == {"kms:ScheduleKeyDeletion", "kms:DisableKey"}
    assert statement["Principal"] == {"AWS": "*"}
    assert "Condition" not in statement


def test_the_named_role_does() -> None:
    """And nobody else."""
    (statement,) = denied("audit", DELETION_PROTECTION="true", BREAK_GLASS_ROLE=ROLE)
    assert statement["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}


def test_a_stack_that_is_not_protected_takes_its_keys_away() -> None:
    """Its deployment schedules their deletion."""
    assert denied("audit", DELETION_PROTECTION="false") == []


@pytest.mark.parametrize("part", ["database", "operations", "hashes"])
def test_other_keys_have_no_such_rule(part: str) -> None:
    """What they are for goes with the stack, or is kept by Pulumi's own protection."""
    assert denied(part, DELETION_PROTECTION="true") == []


@pytest.mark.parametrize("wrong", ["break-glass", "arn:aws:iam::1:role/x", "arn:aws:iam::123456789012:user/x"])
def test_what_is_no_role_is_refused(wrong: str) -> None:
    """A role that does not exist would let nobody in."""
    with pytest.raises(SettingError, match=f"BREAK_GLASS_ROLE={wrong!r} is refused"):
        Settings.read({"BREAK_GLASS_ROLE": wrong})
