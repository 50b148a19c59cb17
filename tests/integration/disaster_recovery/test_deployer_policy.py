"""A deployer with the printed policies may do all that Terraform called while the system was deployed."""

import os
import re
from pathlib import Path

import pytest

from lib.check_account import deployer_policy, systems
from lib.local_cloud.cloud import ACCOUNT
from lib.local_cloud.servers import ministack_main
from tests.integration.conftest import TARGET
from tests.support.calls import of_deployment
from tests.support.deployer import NOT_ON_AWS, lacking

SYSTEM = "disaster-recovery"
pytestmark = pytest.mark.skipif(TARGET == "aws", reason="reads what the local cloud was asked")
# Aurora itself writes its metrics on AWS; here the emulator does, which has no other key.
AURORAS_OWN = (r"cloudwatch:PutMetricData .*",)
# Calls of the AWS provider of 2021 that later ones do not make: EC2-Classic is gone, and logs have another tag API.
OLD_PROVIDER = (
    r"ec2:DescribeVpcClassicLink(DnsSupport)? .*",
    r"logs:ListTagsLogGroup .*",
)


def test_a_deployer_may_do_all_that_terraform_called():
    calls = of_deployment(Path(os.environ[ministack_main.CALLS_VARIABLE]), SYSTEM)
    made = [call for call in calls if call["key"] == ACCOUNT]
    assert len(made) > 300
    (system,) = systems.load([SYSTEM], os.environ)
    lacks = lacking(deployer_policy.policies(system, ACCOUNT), made)
    others = (*NOT_ON_AWS, *AURORAS_OWN, *OLD_PROVIDER)
    assert {call for call in lacks if not any(re.fullmatch(one, call) for one in others)} == set()
