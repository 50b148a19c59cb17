"""Writes answers as EC2 and STS do, by the SDK's own description of them."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape


@lru_cache
def _model(action: str) -> Any:
    from botocore.session import Session

    return Session().get_service_model("ec2").operation_model(action).output_shape


def _xml(shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        return "".join(
            f"<{name}>{_xml(member, value[key])}</{name}>"
            for key, member in shape.members.items()
            if value.get(key) is not None
            for name in [member.serialization.get("name", key)]
        )
    if shape.type_name == "list":
        return "".join(f"<item>{_xml(shape.member, one)}</item>" for one in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def xml(action: str, answer: Mapping[str, Any]) -> bytes:
    """Return an answer of EC2, as its description in the SDK has it."""
    name = f"{action}Response"
    body = f"<requestId>r</requestId>{_xml(_model(action), answer)}"
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="http://ec2">{body}</{name}>'.encode()


def sts(action: str, account: str) -> bytes:
    """Return an answer of STS."""
    result = f"<Account>{account}</Account><Arn>arn:aws:iam::{account}:user/a</Arn><UserId>A</UserId>"
    if action == "AssumeRole":
        result = (
            "<Credentials><AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>x</SecretAccessKey>"
            "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        )
    inner = f"<{action}Result>{result}</{action}Result>"
    return f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{inner}</{action}Response>'.encode()
