"""Whatever LOG_DAYS takes, CloudFormation is told so many days."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Template

from lib.common.settings import LOG_DAYS
from lib.kinesis_pipeline.database import retention


def test_logs_are_kept_for_the_days_that_are_set():
    stack = cdk.Stack(cdk.App(), "stack")
    for days in LOG_DAYS:
        logs.LogGroup(stack, f"Log{days}", log_group_name=str(days), retention=retention(days))
    found = Template.from_stack(stack).find_resources("AWS::Logs::LogGroup").values()
    kept = {int(group["Properties"]["LogGroupName"]): group["Properties"]["RetentionInDays"] for group in found}
    assert kept == {days: days for days in LOG_DAYS}
