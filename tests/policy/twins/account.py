"""Twins of the rule on what an account or a region has once."""

from tests.policy.cases import Twin
from tests.policy.rules import account

ROLE = "arn:aws:iam::123456789012:role/logs"
TWINS = [
    Twin(
        account.account_settings,
        "cdk",
        "AWS::SNS::Topic",
        "",
        {"PolicyName": "events", "PolicyDocument": "{}"},
        adds="AWS::Logs::ResourcePolicy",
    ),
    Twin(
        account.account_settings,
        "cdktf",
        "aws_api_gateway_stage",
        "",
        {"cloudwatch_role_arn": ROLE},
        adds="aws_api_gateway_account",
    ),
    Twin(
        account.account_settings,
        "pulumi",
        "aws:sns/topic:Topic",
        "",
        {"cloudwatchRoleArn": ROLE},
        adds="aws:apigateway/account:Account",
    ),
]
