"""What is left of a system is found by its tags and by the names of AWS's own, and what is another system's is not."""

import pytest

from lib.leftovers import cli, collect, kinds
from lib.leftovers.kinds import Leftover
from tests.support.check_account import HERE, HOME, NUMBER, THERE

ARN = f"arn:aws:{{}}:{HERE}:{NUMBER}:{{}}"
INTERFACE = "AWS Lambda VPC ENI-payment-api-live-11111111-2222-3333-4444-555555555555"
EMPTY = {"tags": (), "instances": (), "clusters": (), "interfaces": (), "groups": (), "apis": ()}


def answers(aws, where=HERE, **found):
    """Have these answers in a region."""
    given = {**EMPTY, **found}
    tags = [{"Key": key, "Values": [value]} for key, value in (("System", "payment"), ("EnvironmentSuffix", "live"))]
    arns = {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in given["tags"]]}
    aws.answer("resourcegroupstaggingapi", "get_resources", arns, {"TagFilters": tags}, where)
    retained = {"Filters": [{"Name": "status", "Values": ["retained"]}]}
    backups = [{"DBInstanceIdentifier": name, "DbiResourceId": f"db-{name}"} for name in given["instances"]]
    aws.answer(
        "rds", "describe_db_instance_automated_backups", {"DBInstanceAutomatedBackups": backups}, retained, where
    )
    backups = [{"DBClusterIdentifier": name, "DbClusterResourceId": f"cluster-{name}"} for name in given["clusters"]]
    aws.answer("rds", "describe_db_cluster_automated_backups", {"DBClusterAutomatedBackups": backups}, retained, where)
    interfaces = [
        {"NetworkInterfaceId": f"eni-{number}", "Description": text} for number, text in enumerate(given["interfaces"])
    ]
    aws.answer("ec2", "describe_network_interfaces", {"NetworkInterfaces": interfaces}, None, where)
    for prefix in ("/aws/rds/", "API-Gateway-Execution-Logs_", "RDSOSMetrics"):
        groups = [{"logGroupName": name} for name in given["groups"] if name.startswith(prefix)]
        aws.answer("logs", "describe_log_groups", {"logGroups": groups}, {"logGroupNamePrefix": prefix}, where)
    aws.answer("apigateway", "get_rest_apis", {"items": [{"id": one} for one in given["apis"]]}, {}, where)


def left(aws, **found):
    answers(aws, **found)
    return collect.left(aws.account.client, "payment", "live", HERE)


def test_nothing_is_left_of_what_never_was(aws):
    assert left(aws) == []


@pytest.mark.parametrize(
    ("service", "resource", "kind", "name"),
    [
        ("kms", "key/0f-1", "KMS key", "0f-1"),
        ("rds", "snapshot:payment-live-final", "database snapshot", "payment-live-final"),
        ("rds", "cluster-snapshot:payment-live-final", "cluster snapshot", "payment-live-final"),
        ("kinesis", "stream/payment-live", "stream", "payment-live"),
        ("secretsmanager", "secret:payment-live-AbCdEf", "secret", "payment-live"),
        ("ecr", "repository/payment-live", "image repository", "payment-live"),
        ("logs", "log-group:/aws/lambda/payment-live", "log group", "/aws/lambda/payment-live"),
        ("logs", "log-group:/aws/lambda/payment-live:*", "log group", "/aws/lambda/payment-live"),
        ("ec2", "vpc/vpc-1", "other", f"ec2:{HERE}:{NUMBER}:vpc/vpc-1"),
    ],
)
def test_what_carries_the_tags_is_told_by_its_kind(aws, service, resource, kind, name):
    (found,) = left(aws, tags=[ARN.format(service, resource)])
    assert (found.kind.name, found.name, found.region) == (kind, name, HERE)


def test_a_bucket_has_no_region_in_its_name(aws):
    (found,) = left(aws, tags=["arn:aws:s3:::payment-audit"])
    assert (found.kind.name, found.command) == ("bucket", "aws s3 rb s3://payment-audit --force")


def test_backups_and_interfaces_are_known_by_the_systems_names(aws):
    found = left(
        aws,
        instances=["payment-live", "payment-other"],
        clusters=["payment-live", "shop-live"],
        interfaces=[INTERFACE, INTERFACE.replace("live", "dev")],
    )
    assert [(one.kind, one.name) for one in found] == [
        (kinds.BACKUP, "db-payment-live"),
        (kinds.CLUSTER_BACKUP, "cluster-payment-live"),
        (kinds.INTERFACE, "eni-0"),
    ]


def test_log_groups_that_services_make_are_found_and_no_other_systems(aws):
    mine = ["/aws/rds/instance/payment-live/postgresql", "API-Gateway-Execution-Logs_gone/v1", "RDSOSMetrics"]
    others = ["/aws/rds/instance/payment-dev/postgresql", "/aws/rds/proxy/x", "API-Gateway-Execution-Logs_here/v1"]
    found = left(aws, groups=[*mine, *others], apis=["here"])
    assert [(one.kind, one.name) for one in found] == list(
        zip((kinds.RDS_LOGS, kinds.API_LOGS, kinds.OS_METRICS), mine, strict=True)
    )


def test_a_log_group_with_tags_is_told_once(aws):
    name = "/aws/rds/instance/payment-live/postgresql"
    (found,) = left(aws, tags=[ARN.format("logs", f"log-group:{name}")], groups=[name])
    assert found.kind.name == "log group"


@pytest.mark.parametrize("kind", [*kinds.TAGGED, kinds.BACKUP, kinds.RDS_LOGS], ids=lambda kind: kind.name)
def test_the_command_names_the_thing(kind):
    command = Leftover(kind, "thing", HERE).command
    assert ("thing" in command and "{" not in command) or kind.name == "other"


def run(aws, capsys, system="payment", **environ):
    status = cli.main([system], {"ENVIRONMENT_SUFFIX": "live", **environ}, aws.account)
    said = capsys.readouterr()
    return status, said.out + said.err


def test_nothing_left_ends_well(aws, capsys):
    answers(aws)
    assert run(aws, capsys) == (0, "Nothing is left.\n")


def test_what_is_left_is_listed_with_its_command(aws, capsys):
    answers(aws, tags=[ARN.format("kms", "key/0f-1"), ARN.format("ec2", "vpc/vpc-1")])
    status, said = run(aws, capsys)
    assert (status, said.splitlines()[-1]) == (1, "2 left.")
    assert f"aws kms schedule-key-deletion --region {HERE} --key-id 0f-1" in said


def test_who_may_not_ask_is_not_told_that_nothing_is_left(aws, capsys):
    aws.error("resourcegroupstaggingapi", "get_resources", "AccessDenied")
    status, said = run(aws, capsys)
    assert (status, "AWS could not be asked: AccessDenied" in said) == (3, True)


def test_a_refused_setting_is_told(aws, capsys):
    status, said = run(aws, capsys, ENVIRONMENT_SUFFIX="Not valid")
    assert (status, said.startswith("scripts/leftovers: ")) == (2, True)


def test_a_system_of_two_regions_is_looked_for_in_each_and_in_that_of_global_figures():
    assert cli.places("disaster-recovery", {}) == [HERE, THERE, HOME]
    assert cli.places("payment", {}) == [HERE]
