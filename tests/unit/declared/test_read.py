"""Each system is read by its own tool, and its view says where it stands."""

import pytest

from lib.common import region
from lib.declared import read
from lib.declared.model import DeclarationError, Target


def test_an_unknown_system_is_refused_with_the_known_ones():
    with pytest.raises(DeclarationError, match="flask-api"):
        read.source("flask", {})


def test_the_cdk_system_is_read_and_viewed():
    found = read.view(read.source("kinesis-pipeline", {"ENVIRONMENT": "staging"}))
    assert (found.tool, found.environment, found.region) == ("cdk", "staging", region.primary({}))
    assert found.one("AWS::Kinesis::Stream").properties["Name"] == "kinesis-pipeline-dev"
    assert len(found.resources) > 50
    assert found.targets == (Target("KinesisPipeline", region.primary({})),)
    assert list(found.undeclared()) == []


def test_the_cdktf_system_is_read_and_viewed():
    found = read.view(read.source("disaster-recovery", {"ENVIRONMENT": "staging"}))
    assert (found.tool, found.environment) == ("cdktf", "staging")
    assert {cluster.region for cluster in found.of("AWS::RDS::DBCluster")} == set(region.pair({}))
    assert found.one("AWS::RDS::GlobalCluster").properties["Engine"] == "aurora-postgresql"
    assert list(found.undeclared()) == []


def test_a_pulumi_system_is_read_and_viewed():
    found = read.view(read.source("payment", {"ENVIRONMENT": "staging"}))
    assert (found.tool, found.environment) == ("pulumi", "staging")
    api = found.one("AWS::ApiGateway::RestApi")
    assert (api.properties["Name"], api.source_type) == ("payment-dev", "aws:apigateway/restApi:RestApi")
    assert list(found.undeclared()) == []
