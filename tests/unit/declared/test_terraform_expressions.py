"""Terraform's expressions are resolved, and an unknown one is named."""

import pytest

from lib.declared.model import DeclarationError
from lib.declared.terraform_expressions import Expressions

SECRET = "ephemeral.aws_secretsmanager_secret_version.kept.secret_string"
RANDOM = "ephemeral.aws_secretsmanager_random_password.made.random_password"
CONTENT = {
    "data": {"aws_availability_zones": {"zones": {"provider": "region-1"}}},
    "ephemeral": {"aws_secretsmanager_secret_version": {"kept": {"secret_id": "${aws_x.y.id}"}}},
}


def resolved(value):
    expressions = Expressions(CONTENT, lambda *parts: f"<{'/'.join(parts)}>", lambda body: body["provider"])
    return expressions.value(value)


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("${aws_x.y-1.arn}/*", "<aws_x/y-1/arn>/*"),
        ("${aws_x.y.secret[0].arn}", "<aws_x/y/secret.arn>"),
        ("${data.aws_caller_identity.caller.account_id}", "123456789012"),
        ("${element(data.aws_availability_zones.zones.names, 1)}", "region-1b"),
        ('${filebase64sha256("a.zip")}', "sha256 of a.zip"),
        (f'${{jsondecode({SECRET})["password"]}}', "{{resolve:secretsmanager:<aws_x/y/id>:SecretString:password}}"),
        (
            f'${{jsonencode({{a = "x, y", port = 5432, p = {RANDOM}}})}}',
            {"a": "x, y", "port": 5432, "p": "{{random:made}}"},
        ),
        ("$${aws:username} 100%%{x}", "${aws:username} 100%{x}"),
        ('{"Resource": "${aws_x.y.arn}"}', {"Resource": "<aws_x/y/arn>"}),
        (
            {"a": ["${aws_x.y.id}", None], "b": None, "${aws_x.y.id}": 1},
            {"a": ["<aws_x/y/id>", None], "<aws_x/y/id>": 1},
        ),
    ],
)
def test_expressions_are_resolved(value, result):
    assert resolved(value) == result


@pytest.mark.parametrize("value", ["${uuid()}", "a ${var.x}", "${jsonencode({a = uuid()})}", "${jsonencode({a: 1})}"])
def test_an_unknown_expression_is_named(value):
    with pytest.raises(DeclarationError, match="is not resolved"):
        resolved(value)
