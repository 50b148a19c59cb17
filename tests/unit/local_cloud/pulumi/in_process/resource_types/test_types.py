"""The tables speak of Pulumi's types and of the AWS API as they are; inputs are translated by the API's own words."""

import importlib
import io
import zipfile

import boto3
import pytest
import yaml
from pulumi import _types

from lib.common import region
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi.in_process.create import auto_name, prepare, taggable
from lib.local_cloud.pulumi.in_process.invokes import INVOKES
from lib.local_cloud.pulumi.in_process.resource_type import (
    ResourceOperation,
    ResourceType,
    Step,
    input_shape,
    tag_member,
    tags_for,
)
from lib.local_cloud.pulumi.in_process.resource_types import RESOURCE_TYPES
from lib.local_cloud.pulumi.in_process.translate import Untranslatable, translate
from lib.local_cloud.pulumi.in_process.values import Content, UnknownValue, masked, plain, secret
from lib.local_cloud.pulumi.program import config

pytestmark = pytest.mark.filterwarnings("ignore:aws.* has been deprecated in favor of:DeprecationWarning")
HOME = region.primary({})


class Offline:
    """boto3's clients, which are asked for their descriptions alone."""

    def __init__(self):
        self.session = boto3.session.Session("1", "2")
        self.made = {}

    def client(self, service, place=HOME):
        if (service, place) not in self.made:
            self.made[service, place] = self.session.client(service, region_name=place)
        return self.made[service, place]


@pytest.fixture(scope="module")
def clients():
    return Offline()


def pulumi_class(token):
    module, name = token.removeprefix("aws:").split("/")[0], token.rpartition(":")[2]
    return getattr(importlib.import_module(f"pulumi_aws.{module + '_' if module == 'lambda' else module}"), name)


def properties(token):
    """Return the names of a type's outputs, which hold its inputs too, as they travel."""
    return set(_types.resource_pulumi_to_py_names(pulumi_class(token))) | {"tagsAll"}


@pytest.mark.parametrize("token", sorted(RESOURCE_TYPES))
def test_an_entry_speaks_of_its_types_own_properties(token):
    kind, known = RESOURCE_TYPES[token], properties(token)
    assert pulumi_class(token).pulumi_type == token
    tops = {name.split(".")[0] for name in (*kind.rename, *kind.lost, *kind.instead) if not name.startswith(".")}
    named = {*kind.handled(), *kind.outputs, *kind.secret, *tops, *filter(None, [kind.name])}
    assert named - known == set(), "misspelt, or not of this type"


@pytest.mark.parametrize("token", sorted(RESOURCE_TYPES))
def test_an_entry_speaks_of_operations_that_there_are(token, clients):
    kind = RESOURCE_TYPES[token]
    client = clients.client(kind.service)
    for operation in filter(None, [kind.create if isinstance(kind.create, str) else "", kind.delete]):
        members = input_shape(client, operation).members
        taken = set(kind.given) if operation == kind.create else {n for n in kind.by if not n.startswith("_")}
        assert taken - set(members) == set(), operation


@pytest.mark.parametrize("token", sorted(RESOURCE_TYPES))
def test_an_entry_has_a_place_for_tags_if_its_type_has_any(token, clients):
    kind = RESOURCE_TYPES[token]
    shape = input_shape(clients.client(kind.service), kind.create) if isinstance(kind.create, str) else None
    if "tags" in properties(token):
        assert taggable(kind, shape)


def act(clients, kind, default_tags=None, **inputs):
    return ResourceOperation(kind, "aws:x/y:Z", "thing", inputs, default_tags or {}, HOME, clients)


def parameters(clients, token, default_tags=None, **inputs):
    made = act(clients, RESOURCE_TYPES[token], default_tags, **inputs)
    prepare(made)
    return made.parameters


def test_names_differ_by_their_spelling_alone(clients):
    shape = input_shape(clients.client("rds"), "create_db_cluster")
    assert translate(shape, {"dbSubnetGroupName": "g", "copyTagsToSnapshot": True, "port": 1.0}, {}) == {
        "DBSubnetGroupName": "g",
        "CopyTagsToSnapshot": True,
        "Port": 1,
    }


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({"port": 5432.0}, {"Port": 5432}),
        ({"port": "5432"}, {"Port": 5432}),
        ({"storageEncrypted": "true"}, {"StorageEncrypted": True}),
        ({"engine": True}, {"Engine": "true"}),
        ({"engine": 17.0}, {"Engine": "17"}),
        ({"engine": 17.5}, {"Engine": "17.5"}),
        ({"vpcSecurityGroupIds": "one"}, {"VpcSecurityGroupIds": ["one"]}),
        (
            {"serverlessV2ScalingConfiguration": [{"minCapacity": 1}]},
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 1.0}},
        ),
        (
            {"serverlessV2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": None}},
            {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5}},
        ),
    ],
)
def test_values_become_what_the_api_takes(clients, inputs, wanted):
    found = translate(input_shape(clients.client("rds"), "create_db_cluster"), inputs, {})
    assert found == wanted
    assert {key: type(value) for key, value in found.items()} == {key: type(value) for key, value in wanted.items()}


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"port": 1.5}, "'port' is no integer"),
        ({"port": "many"}, "'port' is no integer"),
        ({"port": [1]}, "'port' is a list, and the API takes a integer"),
        ({"storageEncrypted": "maybe"}, "'storageEncrypted' is no boolean"),
        ({"nothing": 1}, "'nothing' has no place in the API's CreateDBClusterMessage"),
        ({"serverlessV2ScalingConfiguration": {"x": 1}}, r"'serverlessV2ScalingConfiguration\.x' has no place"),
        ({"serverlessV2ScalingConfiguration": "x"}, "is a str, and the API takes a structure"),
    ],
)
def test_what_the_api_does_not_take_is_named(clients, inputs, said):
    with pytest.raises(Untranslatable, match=said):
        translate(input_shape(clients.client("rds"), "create_db_cluster"), inputs, {})


def test_a_refused_value_is_not_repeated(clients):
    with pytest.raises(Untranslatable) as refusal:
        translate(input_shape(clients.client("rds"), "create_db_cluster"), {"port": "correct horse"}, {})
    assert "correct" not in str(refusal.value)


def test_maps_keep_their_keys_and_become_pairs_where_the_api_has_pairs(clients):
    function = input_shape(clients.client("lambda"), "create_function")
    assert translate(function, {"environment": {"variables": {"aB_c": 1.0}}}, {}) == {
        "Environment": {"Variables": {"aB_c": "1"}}
    }
    alarm = input_shape(clients.client("cloudwatch"), "put_metric_alarm")
    assert translate(alarm, {"dimensions": {"One": "1"}}, {})["Dimensions"] == [{"Name": "One", "Value": "1"}]
    assert translate(function, {"code": {"zipFile": "text"}}, {})["Code"] == {"ZipFile": b"text"}
    assert translate(function, {"code": {"zipFile": b"bytes"}}, {})["Code"] == {"ZipFile": b"bytes"}


def test_a_name_can_be_changed_at_its_place_or_everywhere_below(clients):
    listener = input_shape(clients.client("elbv2"), "create_listener")
    actions = {"defaultActions": [{"go": {"arn": "a"}}]}
    rename = {"defaultActions.go": "ForwardConfig", ".arn": "TargetGroups"}
    with pytest.raises(Untranslatable, match=r"'defaultActions\.go\.arn' is a str"):
        translate(listener, actions, rename)
    assert translate(listener, {"defaultActions": [{"go": {}}]}, rename) == {"DefaultActions": [{"ForwardConfig": {}}]}


def test_an_input_goes_into_a_structure(clients):
    found = parameters(
        clients,
        "aws:ecs/service:Service",
        name="s",
        deploymentMaximumPercent=200,
        deploymentCircuitBreaker={"enable": True, "rollback": False},
        deploymentConfiguration={"strategy": "ROLLING"},
    )
    assert found["deploymentConfiguration"] == {
        "maximumPercent": 200,
        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
        "strategy": "ROLLING",
    }


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        ("aws:ec2/vpc:Vpc", {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "A", "Value": "b"}]}]}),
        ("aws:kms/key:Key", {"Tags": [{"TagKey": "A", "TagValue": "b"}]}),
        ("aws:ecs/cluster:Cluster", {"tags": [{"key": "A", "value": "b"}]}),
        ("aws:sqs/queue:Queue", {"tags": {"A": "b"}}),
        ("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", {}),
    ],
)
def test_tags_are_given_as_each_service_has_them(clients, token, wanted):
    kind = RESOURCE_TYPES[token]
    shape = input_shape(clients.client(kind.service), kind.create)
    assert tags_for(shape, {"A": "b"}, kind.tag_type) == wanted
    assert (tag_member(shape) is None) is (not wanted or "TagSpecifications" in wanted)


def test_the_providers_tags_do_no_harm_where_there_is_no_place_for_them(clients):
    found = parameters(clients, "aws:iam/rolePolicy:RolePolicy", {"A": "b"}, name="p", role="r", policy="{}")
    assert found == {"PolicyName": "p", "RoleName": "r", "PolicyDocument": "{}"}


def test_own_tags_without_a_place_are_an_error(clients):
    with pytest.raises(LocalCloudError, match="'thing': its entry takes no 'tags'"):
        parameters(clients, "aws:iam/rolePolicy:RolePolicy", {"A": "b"}, name="p", role="r", tags={"A": "b"})


def test_an_input_that_reaches_nothing_is_an_error_that_names_it(clients):
    with pytest.raises(LocalCloudError, match=r"aws:x/y:Z 'thing': 'colour' has no place .*for create_vpc\. Complete"):
        parameters(clients, "aws:ec2/vpc:Vpc", colour="red")


def test_a_nested_input_that_reaches_nothing_is_an_error_too(clients):
    made = act(clients, RESOURCE_TYPES["aws:lb/targetGroup:TargetGroup"], stickiness={"enabled": True, "colour": "red"})
    made.id = "arn"
    with pytest.raises(LocalCloudError, match=r"takes no input 'stickiness\.colour'"):
        made.kind.steps[0].run(made)
    made = act(clients, RESOURCE_TYPES["aws:apigateway/methodSettings:MethodSettings"], settings={"colour": "red"})
    with pytest.raises(LocalCloudError, match=r"takes no input 'settings\.colour'"):
        made.kind.create(made)


def test_the_default_group_takes_no_rules(clients):
    made = act(
        clients, RESOURCE_TYPES["aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"], vpcId="v", ingress=[{"x": 1}]
    )
    with pytest.raises(LocalCloudError, match="rules within it are not known here"):
        made.kind.create(made)


class Recorded:
    """An AWS whose answers are given, and whose calls are kept."""

    def __init__(self, **answers):
        self.answers, self.calls = answers, []

    def __getattr__(self, operation):
        return lambda **parameters: self.calls.append((operation, parameters)) or self.answers.get(operation, {})


@pytest.mark.parametrize(("entries", "exits"), [([], []), ([{"IpProtocol": "-1"}], [{"IpProtocol": "-1"}])])
def test_a_group_begins_without_the_rules_that_aws_gives_it(entries, exits):
    group = {"IpPermissions": entries, "IpPermissionsEgress": exits}
    aws = Recorded(describe_security_groups={"SecurityGroups": [group]})
    made = act(
        type("Clients", (), {"client": lambda *_a: aws})(), RESOURCE_TYPES["aws:ec2/securityGroup:SecurityGroup"]
    )
    made.kind.steps[0].run(made)
    assert [operation for operation, _ in aws.calls[1:]] == (
        ["revoke_security_group_egress", "revoke_security_group_ingress"] if entries else []
    )


def test_a_function_that_fails_fails_the_deployment(clients):
    asked = []

    class Functions:
        meta = clients.client("lambda").meta

        def client(self, service, _region, **how):
            asked.append((service, how))
            return self

        def invoke(self, **parameters):
            assert parameters == {"FunctionName": "f", "Payload": b"{}"}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"no database")}

    made = act(Functions(), RESOURCE_TYPES["aws:lambda/invocation:Invocation"], functionName="f", input="{}")
    with pytest.raises(LocalCloudError, match="'thing': the function failed: no database"):
        made.kind.create(made)
    assert asked[-1] == ("lambda", {"patient": True})


def test_a_bucket_names_its_region_but_in_the_oldest(clients):
    bucket = input_shape(clients.client("s3"), "create_bucket").members["CreateBucketConfiguration"]
    places = bucket.members["LocationConstraint"].enum
    oldest = next(name for name in region.known() if name not in places)
    made = act(clients, RESOURCE_TYPES["aws:s3/bucket:Bucket"], bucket="b")
    made.region = oldest
    calls = []
    made.call = lambda operation, **parameters: calls.append(parameters)
    made.kind.create(made)
    assert calls == [{"Bucket": "b", "ObjectLockEnabledForBucket": False}]


class Zone:
    """A zone with records, and the changes that were asked for."""

    def __init__(self, *records):
        self.records, self.changes = records, []

    def get_paginator(self, _operation):
        return self

    def paginate(self, **_zone):
        return [{"ResourceRecordSets": self.records}]

    def change_resource_record_sets(self, HostedZoneId, ChangeBatch):
        self.changes += [(change["Action"], change["ResourceRecordSet"]) for change in ChangeBatch["Changes"]]


def test_of_records_with_one_name_only_the_own_is_deleted():
    own = {"Name": "a.test.", "Type": "A", "SetIdentifier": "two"}
    others = [{**own, "SetIdentifier": "one"}, {**own, "Type": "AAAA"}, {**own, "Name": "b.test."}]
    zone = Zone(*others, own)
    handle = {"_zone": "z", "_name": "a.test", "_type": "A", "_set": "two"}
    RESOURCE_TYPES["aws:route53/record:Record"].undo(lambda _service: zone, handle)
    assert zone.changes == [("DELETE", own)]


@pytest.mark.parametrize(("inputs", "action"), [({"allowOverwrite": True}, "UPSERT"), ({}, "CREATE")])
def test_a_record_overwrites_where_it_may(inputs, action):
    zone = Zone()
    made = act(
        type("Clients", (), {"client": lambda *_a: zone})(),
        RESOURCE_TYPES["aws:route53/record:Record"],
        zoneId="z",
        name="a.test",
        type="A",
        ttl=60,
        records=["10.0.0.1"],
        **inputs,
    )
    made.kind.create(made)
    assert [found for found, _record in zone.changes] == [action]


def test_only_the_instances_own_secret_is_forgotten():
    secrets = [{"Name": "rds!db-shop", "ARN": "own"}, {"Name": "rds!db-shop-two", "ARN": "other"}]
    aws = Recorded(list_secrets={"SecretList": secrets})
    RESOURCE_TYPES["aws:rds/instance:Instance"].undo(lambda _service: aws, {"DBInstanceIdentifier": "shop"})
    deleted = [parameters["SecretId"] for operation, parameters in aws.calls if operation == "delete_secret"]
    assert deleted == ["own"]


def test_a_name_is_made_up_as_pulumi_does_it():
    kind = ResourceType("s", "c", name="name")
    assert auto_name(kind, "t", {"name": "own"}) == {"name": "own"}
    made = auto_name(kind, "t", {})["name"]
    assert (made[:2], len(made)) == ("t-", 9)
    assert int(made[2:], 16) >= 0
    assert auto_name(kind, "t", {"namePrefix": "p"})["name"][:1] == "p"
    assert auto_name(ResourceType("s", "c"), "t", {"a": 1}) == {"a": 1}
    assert auto_name(kind, "t", {})["name"] != made


def test_a_path_leads_through_structures_lists_and_patterns(clients):
    made = act(clients, ResourceType("s", "c"), size=3)
    made.answer = {"A": {"B": [{"C": 1}]}, "D": "d"}
    made.parameters = {"D": "parameter", "E": "e"}
    assert [made.find(path) for path in ("A.B.0.C", "A.B.1", "D", "E", "size", "A.x", "D.x")] == [
        1,
        None,
        "d",
        "e",
        3,
        None,
        None,
    ]
    made.id = "i"
    assert made.find("{id}-{D}-{region}-{partition}") == f"i-d-{HOME}-{region.partition(HOME)}"
    with pytest.raises(LocalCloudError, match="'thing': its entry reads 'F', which neither"):
        made.find("{F}")


def test_an_entry_says_what_it_handles_itself():
    kind = ResourceType(
        "s",
        "c",
        uses=("a",),
        attributes={"b": "B"},
        at_deletion=("c",),
        ignored={"d": ""},
        cannot={"e": ""},
        steps=(Step(("f",), print),),
    )
    assert kind.handled() == set("abcdef")


def test_values_are_unwrapped_with_their_secrets():
    assert plain([1.0, 1.5, {"a": secret("x")}, None]) == ([1, 1.5, {"a": "x"}, None], True)
    assert plain({"a": [True, "x"]}) == ({"a": [True, "x"]}, False)
    with pytest.raises(UnknownValue):
        plain({"a": ["04da6b54-80e4-46f7-96ec-b56ff0331ba9"]})
    assert masked({"a": [secret("x"), 1.0]}) == {"a": ["[secret]", 1]}


def test_equal_content_is_equal_whatever_its_times(tmp_path):
    folder = tmp_path / "code"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "b.py").write_text("b")
    (folder / "a.py").write_text("a")
    found = Content(str(folder))
    archive = zipfile.ZipFile(io.BytesIO(found.read()))
    assert archive.namelist() == ["a.py", "below/b.py"]
    parts = Content(parts=(("x.py", Content(text="x")),))
    inside = zipfile.ZipFile(io.BytesIO(parts.read())).infolist()
    assert {info.date_time for info in (*archive.infolist(), *inside)} == {(1980, 1, 1, 0, 0, 0)}
    assert zipfile.ZipFile(io.BytesIO(parts.read())).read("x.py") == b"x"
    assert repr(found) != repr(parts)


def test_configuration_is_the_plain_values_of_the_stacks_file(tmp_path):
    assert config("flask-api-dev", tmp_path) == {}
    values = {"tap:name": "x", "tap:flag": True, "tap:list": [1]}
    (tmp_path / "Pulumi.s.yaml").write_text(yaml.safe_dump({"config": values}))
    assert config("s", tmp_path) == {"tap:name": "x", "tap:flag": "true", "tap:list": "- 1"}
    (tmp_path / "Pulumi.t.yaml").write_text("encryptionsalt: x\n")
    assert config("t", tmp_path) == {}


def test_an_encrypted_value_is_refused_by_its_name(tmp_path):
    (tmp_path / "Pulumi.s.yaml").write_text("config:\n  tap:word: {secure: v1:x}\n")
    with pytest.raises(LocalCloudError, match=r"tap:word in Pulumi\.s\.yaml is encrypted"):
        config("s", tmp_path)


def test_a_function_of_the_provider_answers_for_its_region(clients):
    far = next(name for name in region.known() if region.partition(name) == "aws-cn")
    answer = INVOKES["aws:index/getPartition:getPartition"]({}, clients, far)
    assert (answer["partition"], answer["dnsSuffix"]) == ("aws-cn", "amazonaws.com.cn")
    assert INVOKES["aws:index/getRegion:getRegion"]({}, clients, far)["region"] == far
