"""A copy of a CloudFormation template that the emulator can deploy.

AWS decides the design; the emulator's CloudFormation knows less. Everything that this module changes is in
the table below, with its reason, and is shown by ``scripts/up``. What the emulator does not know and the table
does not name is an error of the deployment, never left out in silence.
"""

import copy
from collections.abc import Callable, Mapping

from lib.common import passwords
from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.names import HOST, SECRET

Template = JsonObject
Resource = JsonObject


def _of_type(template: Template, kind: str) -> dict[str, Resource]:
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def _remove(template: Template, names: set[str]) -> None:
    """Take resources out, and what waits for them."""
    for name in names:
        del template["Resources"][name]
    for resource in template["Resources"].values():
        waits = resource.get("DependsOn", [])
        kept = [name for name in ([waits] if isinstance(waits, str) else waits) if name not in names]
        resource.pop("DependsOn", None)
        if kept:
            resource["DependsOn"] = kept


def _leave_out(kind: str) -> Callable[[Template], list[str]]:
    def change(template: Template) -> list[str]:
        names = set(_of_type(template, kind))
        _remove(template, names)
        return sorted(names)

    return change


def _inline_ingress(template: Template) -> list[str]:
    rules = _of_type(template, "AWS::EC2::SecurityGroupIngress")
    for rule in rules.values():
        properties = dict(rule["Properties"])
        group = properties.pop("GroupId")["Fn::GetAtt"][0]
        template["Resources"][group]["Properties"].setdefault("SecurityGroupIngress", []).append(properties)
    _remove(template, set(rules))
    return sorted(rules)


def _managed_password(template: Template) -> list[str]:
    changed = []
    for name, instance in _of_type(template, "AWS::RDS::DBInstance").items():
        properties = instance["Properties"]
        if not properties.pop("ManageMasterUserPassword", False):
            continue
        secret = f"{name}MasterUserSecret"
        key = properties.pop("MasterUserSecret", {}).get("KmsKeyId")
        user = properties["MasterUsername"]
        template["Resources"][secret] = {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {
                "Name": SECRET.format(identifier=properties["DBInstanceIdentifier"]),
                **({"KmsKeyId": key} if key else {}),
                "GenerateSecretString": {
                    "SecretStringTemplate": f'{{"username": "{user}"}}',
                    "GenerateStringKey": "password",
                    "PasswordLength": 32,
                    "ExcludeCharacters": passwords.EXCLUDED + "'\\",
                },
            },
        }
        properties["MasterUserPassword"] = {
            "Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": secret}, ":SecretString:password}}"]]
        }
        _replace(template, {"Fn::GetAtt": [name, "MasterUserSecret.SecretArn"]}, {"Fn::GetAtt": [secret, "Id"]})
        changed.append(name)
    return changed


def _endpoint(template: Template) -> list[str]:
    names = list(_of_type(template, "AWS::RDS::DBInstance"))
    for name in names:
        _replace(template, {"Fn::GetAtt": [name, "Endpoint.Address"]}, HOST)
    return names


def _replace(node: JsonValue, old: JsonValue, new: JsonValue) -> None:
    """Put ``new`` wherever ``old`` stands below a node."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        if value == old:
            node[key] = new
        elif isinstance(value, dict | list):
            _replace(value, old, new)


# What is changed, why, and how. The order matters: the endpoint is read by nothing before it.
STEPS: tuple[tuple[str, str, Callable[[Template], list[str]]], ...] = (
    ("AWS::EC2::FlowLog left out", "no traffic, and unknown to its CloudFormation", _leave_out("AWS::EC2::FlowLog")),
    (
        "AWS::EC2::SecurityGroupEgress left out",
        "unknown to its CloudFormation",
        _leave_out("AWS::EC2::SecurityGroupEgress"),
    ),
    ("AWS::EC2::SecurityGroupIngress inline in its group", "unknown to its CloudFormation", _inline_ingress),
    ("RDS-managed password as a generated secret", "no MasterUserSecret in its CloudFormation", _managed_password),
    (f"database endpoint is {HOST}", "a PostgreSQL on loopback stands in for the server", _endpoint),
)

# What its CloudFormation accepts and does not keep. The template has it, and the tests of the template see it.
LOST: Mapping[str, str] = {
    "AWS::Kinesis::Stream": "StreamEncryption is not kept",
    "AWS::Lambda::Function": "VpcConfig is not kept",
}


def step_down(template: Template) -> tuple[Template, list[tuple[str, str, list[str]]]]:
    """Return the copy to deploy, and what was changed: what, why, and the logical ids."""
    result = copy.deepcopy(template)
    changes = [(what, why, change(result)) for what, why, change in STEPS]
    changes += [
        (f"{kind}: {what}", "lost by its CloudFormation", list(_of_type(result, kind))) for kind, what in LOST.items()
    ]
    return result, [(what, why, names) for what, why, names in changes if names]
