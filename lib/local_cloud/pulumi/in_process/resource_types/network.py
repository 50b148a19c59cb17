"""Networks: ec2 and vpc types of pulumi-aws in terms of the AWS API."""

from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.pulumi.in_process.clients import Maker
from lib.local_cloud.pulumi.in_process.resource_type import Inputs, ResourceOperation, ResourceType, Step

ARN = "arn:{partition}:ec2:{region}:{account}:"
OWNER = {"ownerId": "account"}


def _attribute(method: str, key: str, *names: str) -> Step:
    """Return the step for attributes that EC2 sets one by one, each in a structure of its own."""

    def run(operation: ResourceOperation) -> None:
        for name in names:
            if name in operation.inputs:
                operation.call(
                    method, **{key: operation.id, name[0].upper() + name[1:]: {"Value": operation.inputs[name]}}
                )

    return Step(names, run)


def _main_parts(operation: ResourceOperation) -> JsonObject:
    """Return the ids of what comes with every VPC."""
    filters = [{"Name": "vpc-id", "Values": [operation.id]}]
    groups = operation.call(
        "describe_security_groups", Filters=[*filters, {"Name": "group-name", "Values": ["default"]}]
    )
    tables = operation.call(
        "describe_route_tables", Filters=[*filters, {"Name": "association.main", "Values": ["true"]}]
    )
    acls = operation.call("describe_network_acls", Filters=[*filters, {"Name": "default", "Values": ["true"]}])
    parts = {"group": groups["SecurityGroups"], "table": tables["RouteTables"], "acl": acls["NetworkAcls"]}
    keys = {"group": "GroupId", "table": "RouteTableId", "acl": "NetworkAclId"}
    return {name: items[0][keys[name]] for name, items in parts.items() if items}


def _part(name: str) -> JsonValue:
    def read(operation: ResourceOperation) -> JsonValue:
        if "parts" not in operation.answer:
            operation.answer["parts"] = _main_parts(operation)
        return operation.answer["parts"].get(name)

    return read


def _attach_gateway(operation: ResourceOperation) -> None:
    operation.call("attach_internet_gateway", InternetGatewayId=operation.id, VpcId=operation.inputs["vpcId"])


def _detach_gateway(client: Maker, handle: Inputs) -> None:
    ec2 = client("ec2")
    for gateway in ec2.describe_internet_gateways(InternetGatewayIds=[handle["InternetGatewayId"]])["InternetGateways"]:
        for attachment in gateway["Attachments"]:
            ec2.detach_internet_gateway(InternetGatewayId=handle["InternetGatewayId"], VpcId=attachment["VpcId"])


def _close_group(operation: ResourceOperation) -> None:
    """Take the rule out that AWS puts into a new group: Pulumi's groups begin without any."""
    for group in operation.call("describe_security_groups", GroupIds=[operation.id])["SecurityGroups"]:
        if group["IpPermissionsEgress"]:
            operation.call(
                "revoke_security_group_egress", GroupId=operation.id, IpPermissions=group["IpPermissionsEgress"]
            )
        if group["IpPermissions"]:
            operation.call("revoke_security_group_ingress", GroupId=operation.id, IpPermissions=group["IpPermissions"])


def _default_group(operation: ResourceOperation) -> JsonValue:
    if operation.inputs.get("ingress") or operation.inputs.get("egress"):
        raise operation.error("rules within it are not known here: leave them out, which closes the group.")
    filters = [{"Name": "vpc-id", "Values": [operation.inputs["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = operation.call("describe_security_groups", Filters=filters)["SecurityGroups"]
    if operation.tags:
        pairs = [{"Key": key, "Value": value} for key, value in operation.tags.items()]
        operation.call("create_tags", Resources=[group["GroupId"]], Tags=pairs)
    return group


def _rule(direction: str) -> ResourceType:
    def create(operation: ResourceOperation) -> JsonValue:
        protocol = str(operation.inputs["ipProtocol"])
        rule: JsonObject = {"IpProtocol": protocol}
        for name, key in (("fromPort", "FromPort"), ("toPort", "ToPort")):
            if name in operation.inputs and protocol != "-1":
                rule[key] = int(operation.inputs[name])
        text = {"Description": operation.inputs["description"]} if "description" in operation.inputs else {}
        for name, (parameter, key) in SOURCES.items():
            if name in operation.inputs:
                rule[parameter] = [{key: operation.inputs[name], **text}]
        pairs = [{"Key": key, "Value": value} for key, value in operation.tags.items()]
        tags = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": pairs}]} if pairs else {}
        answer = operation.call(
            f"authorize_security_group_{direction}",
            GroupId=operation.inputs["securityGroupId"],
            IpPermissions=[rule],
            **tags,
        )
        return answer["SecurityGroupRules"][0]

    return ResourceType(
        "ec2",
        create,
        key="SecurityGroupRuleId",
        tag_type="security-group-rule",
        uses=("securityGroupId", "ipProtocol", "fromPort", "toPort", "description", *SOURCES),
        delete=f"revoke_security_group_{direction}",
        by={"GroupId": "securityGroupId", "SecurityGroupRuleIds": lambda operation: [operation.id]},
        outputs={"securityGroupRuleId": "id", "arn": ARN + "security-group-rule/{id}"},
    )


def _route_id(operation: ResourceOperation) -> str:
    target = next(value for name, value in sorted(operation.parameters.items()) if name.startswith("Destination"))
    return f"{operation.parameters['RouteTableId']}_{target}"


def _prefix_list(operation: ResourceOperation) -> JsonValue:
    """Return the id of the list that a gateway endpoint's routes go by."""
    names = [{"Name": "prefix-list-name", "Values": [operation.inputs["serviceName"]]}]
    lists = operation.call("describe_prefix_lists", Filters=names)["PrefixLists"]
    return lists[0]["PrefixListId"] if lists else None


SOURCES = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}

RESOURCE_TYPES = {
    "aws:ec2/vpc:Vpc": ResourceType(
        "ec2",
        "create_vpc",
        answer="Vpc",
        key="VpcId",
        delete="delete_vpc",
        by={"VpcId": "id"},
        tag_type="vpc",
        steps=(_attribute("modify_vpc_attribute", "VpcId", "enableDnsSupport", "enableDnsHostnames"),),
        outputs={
            **OWNER,
            "arn": ARN + "vpc/{id}",
            "dhcpOptionsId": "DhcpOptionsId",
            "defaultSecurityGroupId": _part("group"),
            "mainRouteTableId": _part("table"),
            "defaultRouteTableId": _part("table"),
            "defaultNetworkAclId": _part("acl"),
        },
    ),
    "aws:ec2/subnet:Subnet": ResourceType(
        "ec2",
        "create_subnet",
        answer="Subnet",
        key="SubnetId",
        delete="delete_subnet",
        by={"SubnetId": "id"},
        tag_type="subnet",
        steps=(_attribute("modify_subnet_attribute", "SubnetId", "mapPublicIpOnLaunch"),),
        outputs={
            **OWNER,
            "arn": ARN + "subnet/{id}",
            "availabilityZone": "AvailabilityZone",
            "availabilityZoneId": "AvailabilityZoneId",
        },
    ),
    "aws:ec2/internetGateway:InternetGateway": ResourceType(
        "ec2",
        "create_internet_gateway",
        answer="InternetGateway",
        key="InternetGatewayId",
        tag_type="internet-gateway",
        steps=(Step(("vpcId",), _attach_gateway),),
        delete="delete_internet_gateway",
        by={"InternetGatewayId": "id"},
        undo=_detach_gateway,
        outputs={**OWNER, "arn": ARN + "internet-gateway/{id}"},
    ),
    "aws:ec2/eip:Eip": ResourceType(
        "ec2",
        "allocate_address",
        key="AllocationId",
        tag_type="elastic-ip",
        delete="release_address",
        by={"AllocationId": "id"},
        outputs={"allocationId": "id", "publicIp": "PublicIp", "arn": ARN + "elastic-ip/{id}"},
    ),
    "aws:ec2/natGateway:NatGateway": ResourceType(
        "ec2",
        "create_nat_gateway",
        answer="NatGateway",
        key="NatGatewayId",
        tag_type="natgateway",
        delete="delete_nat_gateway",
        by={"NatGatewayId": "id"},
    ),
    "aws:ec2/routeTable:RouteTable": ResourceType(
        "ec2",
        "create_route_table",
        answer="RouteTable",
        key="RouteTableId",
        tag_type="route-table",
        delete="delete_route_table",
        by={"RouteTableId": "id"},
        outputs={**OWNER, "arn": ARN + "route-table/{id}"},
    ),
    "aws:ec2/route:Route": ResourceType(
        "ec2",
        "create_route",
        key=_route_id,
        delete="delete_route",
        by={
            "RouteTableId": "RouteTableId",
            "DestinationCidrBlock": "DestinationCidrBlock",
            "DestinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
            "DestinationPrefixListId": "DestinationPrefixListId",
        },
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ResourceType(
        "ec2",
        "associate_route_table",
        key="AssociationId",
        delete="disassociate_route_table",
        by={"AssociationId": "id"},
    ),
    "aws:ec2/securityGroup:SecurityGroup": ResourceType(
        "ec2",
        "create_security_group",
        key="GroupId",
        name="name",
        tag_type="security-group",
        rename={"name": "GroupName"},
        given={"Description": "Managed by Pulumi"},
        steps=(Step((), _close_group, always=True),),
        delete="delete_security_group",
        by={"GroupId": "id"},
        ignored={"revokeRulesOnDelete": "the rules are resources of their own"},
        outputs={**OWNER, "arn": ARN + "security-group/{id}"},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ResourceType(
        "ec2",
        _default_group,
        key="GroupId",
        uses=("vpcId", "ingress", "egress"),
        tag_type="security-group",
        steps=(Step((), _close_group, always=True),),
        ignored={"revokeRulesOnDelete": "it goes with its VPC"},
        outputs={**OWNER, "arn": ARN + "security-group/{id}", "name": "GroupName", "description": "Description"},
    ),
    "aws:ec2/flowLog:FlowLog": ResourceType(
        "ec2",
        "create_flow_logs",
        key="FlowLogIds.0",
        tag_type="vpc-flow-log",
        rename={"vpcId": "ResourceIds", "iamRoleArn": "DeliverLogsPermissionArn"},
        given={"ResourceType": "VPC"},
        delete="delete_flow_logs",
        by={"FlowLogIds": lambda operation: [operation.id]},
        outputs={"arn": ARN + "vpc-flow-log/{id}"},
        lost=("iamRoleArn", "maxAggregationInterval", "logFormat", "tags"),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ResourceType(
        "ec2",
        "create_vpc_endpoint",
        answer="VpcEndpoint",
        key="VpcEndpointId",
        tag_type="vpc-endpoint",
        rename={"policy": "PolicyDocument"},
        delete="delete_vpc_endpoints",
        by={"VpcEndpointIds": lambda operation: [operation.id]},
        outputs={
            **OWNER,
            "arn": ARN + "vpc-endpoint/{id}",
            "state": "State",
            "networkInterfaceIds": "NetworkInterfaceIds",
            "prefixListId": _prefix_list,
        },
        lost=("policy", "privateDnsEnabled", "securityGroupIds"),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("egress"),
}
