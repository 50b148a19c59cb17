"""What could not be looked at is said, never swallowed; a report reaches its bucket and its topic, or the run fails."""

import io
import json
import os
import threading
import time

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.support import functions
from tests.support.disaster_recovery import aurora as support
from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.two_regions import HOME, PEER

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "user arn:... may not"}}, "DescribeDBClusters")
AWAY = EndpointConnectionError(endpoint_url="https://rds.test")
OPERATIONS = {
    "global-cluster": ("rds", "DescribeGlobalClusters"),
    "cluster": ("rds", "DescribeDBClusters"),
    "lag": ("cloudwatch", "GetMetricData"),
    "table": ("dynamodb", "DescribeTable"),
    "writer": ("dynamodb", "GetItem"),
}


@pytest.mark.parametrize("error", [AWAY, DENIED], ids=["away", "denied"])
@pytest.mark.parametrize("place", [HOME, PEER])
@pytest.mark.parametrize("check", OPERATIONS)
def test_a_check_that_cannot_look_says_so(verification, check, place, error):
    verification.clients.fail(*OPERATIONS[check], error, place)
    report = verification.verify()
    (finding,) = report.findings
    assert (finding.check, finding.region, finding.code, finding.incomplete) == (check, place, "no-answer", True)
    assert "user arn" not in finding.detail
    assert (report.code, report.wrong) == (3, [])


@pytest.mark.parametrize("operation", ["DescribeDBClusterSnapshots", "DescribeContinuousBackups"])
def test_half_a_check_is_no_check(verification, operation):
    service = "rds" if operation.startswith("DescribeDB") else "dynamodb"
    verification.clients.fail(service, operation, AWAY, PEER)
    assert verification.found() == {("no-answer", PEER)}


def test_a_region_that_is_away_is_said_while_the_other_is_looked_at(verification):
    for service, operation in OPERATIONS.values():
        verification.clients.fail(service, operation, AWAY, HOME)
    verification.clients.change(
        "rds", "DescribeDBClusters", lambda parsed: parsed["DBClusters"][0].update(DeletionProtection=False), PEER
    )
    report = verification.verify()
    assert {finding.region for finding in report.incomplete} == {HOME}
    assert {finding.check for finding in report.incomplete} == set(OPERATIONS)
    assert [(finding.code, finding.region) for finding in report.wrong] == [("cluster-unprotected", PEER)]
    assert report.code == 3


def test_without_aurora_nobody_is_taken_for_late(verification):
    """Whoever writes tells no lag: when it is not known who does, silence is no finding of its own."""
    verification.clients.fail("rds", "DescribeGlobalClusters", AWAY)
    assert verification.found() == {("no-answer", HOME), ("no-answer", PEER)}


def test_a_client_that_cannot_be_made_is_a_finding(verification):
    def make(service, region):
        if region == PEER:
            raise AWAY
        return verification.clients(service, region)

    report = verification.modules.verify.verify(verification.settings(), make)
    assert {finding.region for finding in report.incomplete} == {PEER}
    assert len(report.incomplete) == len(OPERATIONS)


def test_a_defect_of_a_check_is_a_finding(verification):
    """An answer in a shape that nobody expected."""
    verification.clients.change("rds", "DescribeDBClusters", lambda parsed: parsed.pop("DBClusters"), HOME)
    (finding,) = verification.verify().findings
    assert (finding.code, finding.incomplete) == ("failed", True)
    assert "KeyError" in finding.detail


def test_a_check_that_takes_too_long_is_a_finding(verification):
    ended = threading.Event()
    verification.clients.before("rds", "DescribeDBClusters", lambda **_: print(ended.wait(10)), PEER)
    began = time.monotonic()
    report = verification.modules.verify.verify(verification.settings(), verification.clients, seconds=0.5)
    ended.set()
    assert time.monotonic() - began < 5
    assert [(finding.check, finding.region) for finding in report.incomplete] == [("cluster", PEER)]
    assert "TimeoutError" in report.incomplete[0].detail


def test_the_report_has_a_version_and_both_regions(verification):
    report = verification.verify().json()
    assert (report["version"], report["result"], report["findings"]) == (1, "clean", [])
    assert set(report["measured"]) == {HOME, PEER}
    assert report["began"].endswith("+00:00")
    assert json.loads(json.dumps(report)) == report


def test_the_table_names_every_finding_and_what_was_measured(verification):
    assert "none" in verification.verify().table()
    verification.clients.fail("rds", "DescribeDBClusters", AWAY, PEER)
    table = verification.verify().table()
    line = next(line for line in table.splitlines() if "no-answer" in line)
    assert line.split()[:3] == [PEER, "cluster", "no-answer"]
    assert f"{PEER}  replication_lag_milliseconds" in " ".join(table.split("\n"))
    assert table.endswith("result: incomplete")
    assert all(line == line.rstrip() for line in table.splitlines())


@pytest.fixture
def function(verification, recovery_cloud, monkeypatch):
    """The function in the other region, with a bucket and a topic, whose messages come back by a queue."""
    sns, sqs, s3 = (world.client(recovery_cloud, name, PEER) for name in ("sns", "sqs", "s3"))
    topic = sns.create_topic(Name=support.TOPIC)["TopicArn"]
    queue = sqs.create_queue(QueueName=support.TOPIC)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    policy = support.queue_policy(attributes["QueueArn"], topic)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
    sqs.purge_queue(QueueUrl=queue)
    if support.BUCKET not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=support.BUCKET, CreateBucketConfiguration={"LocationConstraint": PEER})
    for each in s3.list_objects_v2(Bucket=support.BUCKET).get("Contents", []):
        s3.delete_object(Bucket=support.BUCKET, Key=each["Key"])
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    variables = support.environ(verification.table, verification.cluster, topic) | support.access(recovery_cloud, PEER)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    maker, log = verification.modules.verify.client, io.StringIO()
    verification.modules.telemetry.logger.logger_handler.setStream(log)

    def clients(service, region):
        return maker(service, region) if service in ("s3", "sns") else verification.clients(service, region)

    monkeypatch.setattr(verification.modules.verify.verify, "__defaults__", (clients, 40.0))

    class Function:
        """Invokes, and tells what came of it."""

        def __call__(self, seconds=60.0):
            return verification.modules.handler.handler({}, functions.Context(seconds))

        def objects(self):
            found = s3.list_objects_v2(Bucket=support.BUCKET).get("Contents", [])
            bodies = [s3.get_object(Bucket=support.BUCKET, Key=each["Key"])["Body"].read() for each in found]
            return {each["Key"]: json.loads(body) for each, body in zip(found, bodies, strict=True)}

        def messages(self):
            found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(each["Body"]) for each in found]

        def lines(self):
            return [json.loads(line) for line in log.getvalue().splitlines()]

    return Function()


def metrics(capsys):
    """Return what was measured."""
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    (directive,) = found["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "DisasterRecovery"
    assert directive["Dimensions"] == [["service"]]
    return {each["Name"]: (found[each["Name"]][0], each["Unit"]) for each in directive["Metrics"]}


def test_a_clean_run_is_stored_and_nobody_is_called(function, capsys):
    report = function()
    ((key, stored),) = function.objects().items()
    assert key == f"verification/{PEER}/{report['began'][:10]}/test.json"
    assert {**stored, "ended": ""} == {**report, "ended": ""}
    assert (report["result"], function.messages()) == ("clean", [])
    found = metrics(capsys)
    assert (found["Findings"], found["Incomplete"]) == ((0, "Count"), (0, "Count"))
    assert found["ReplicationLagMilliseconds"] == (120, "Milliseconds")
    assert found["SnapshotAgeHours"][0] < 1
    (line,) = function.lines()
    assert (line["level"], line["report"]["result"]) == ("INFO", "clean")


def test_a_run_again_replaces_its_report(function):
    function()
    function()
    assert len(function.objects()) == 1


def test_a_finding_is_sent(function, verification, capsys):
    verification.clients.change(
        "rds", "DescribeDBClusters", lambda parsed: parsed["DBClusters"][0].update(DeletionProtection=False)
    )
    assert function()["result"] == "findings"
    (message,) = function.messages()
    assert message["Subject"] == "Disaster recovery: findings (2)"
    assert message["Message"].count("cluster-unprotected") == 2
    assert metrics(capsys)["Findings"] == (2, "Count")
    assert function.lines()[0]["level"] == "WARNING"


def test_what_could_not_be_looked_at_is_sent(function, verification, capsys):
    verification.clients.fail("cloudwatch", "GetMetricData", AWAY)
    verification.clients.fail("rds", "DescribeDBClusters", AWAY)
    assert function()["result"] == "incomplete"
    assert len(function.messages()) == 1
    found = metrics(capsys)
    assert found["Incomplete"] == (4, "Count")
    assert not {"SnapshotAgeHours", "ReplicationLagMilliseconds"} & set(found)
    assert function.lines()[0]["level"] == "ERROR"


def test_without_bucket_and_topic_the_log_has_the_report(function, verification, monkeypatch):
    monkeypatch.setenv("REPORT_BUCKET", "")
    monkeypatch.delenv("TOPIC_ARN")
    verification.clients.fail("rds", "DescribeDBClusters", AWAY)
    function()
    assert (function.objects(), function.messages()) == ({}, [])
    assert len(function.lines()[0]["report"]["findings"]) == 2


def test_a_bucket_that_takes_nothing_fails_the_run_and_is_sent(function, verification, monkeypatch, capsys):
    monkeypatch.setenv("REPORT_BUCKET", "there-is-no-such-bucket")
    with pytest.raises(verification.modules.handler.NotReported, match="bucket: "):
        function()
    (message,) = function.messages()
    assert "not-stored" in message["Message"]
    assert metrics(capsys)["Incomplete"] == (1, "Count")
    assert function.lines()[0]["report"]["result"] == "incomplete"


def test_a_topic_that_takes_nothing_fails_the_run(function, verification, monkeypatch, capsys):
    monkeypatch.setenv("TOPIC_ARN", "arn:aws:sns:elsewhere:123456789012:nothing")
    verification.clients.fail("rds", "DescribeDBClusters", AWAY, HOME)
    with pytest.raises(verification.modules.handler.NotReported, match="topic: "):
        function()
    assert len(function.objects()) == len(function.lines()) == 1
    assert metrics(capsys)["Incomplete"] == (1, "Count")


def test_the_looking_ends_before_the_function_does(function, verification, monkeypatch):
    given = []
    verify = verification.modules.verify.verify
    monkeypatch.setattr(
        verification.modules.verify, "verify", lambda settings, seconds: (given.append(seconds), verify(settings))[1]
    )
    function(30.0)
    function(300.0)
    assert given == [10.0, verification.modules.verify.SECONDS]


def test_the_clients_give_up_soon(verification, monkeypatch, recovery_cloud):
    for name, value in support.access(recovery_cloud, HOME).items():
        monkeypatch.setenv(name, value)
    config = verification.modules.verify.client("rds", PEER).meta
    assert config.region_name == PEER
    patience = config.config.connect_timeout + config.config.read_timeout
    assert patience * config.config.retries["total_max_attempts"] < verification.modules.verify.SECONDS
