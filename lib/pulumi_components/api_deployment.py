"""What is in a deployment of a REST API, so that a change of any part of it leads to a new deployment.

A deployment is a snapshot: what is changed in the API afterwards is served with the next one.
https://docs.aws.amazon.com/apigateway/latest/developerguide/updating-api.html
"""

import pulumi

PREFIX = "aws:apigateway/"
# AWS's table of what needs a new deployment names none of these; a change of every other type leads to one.
NOT_DEPLOYED = frozenset(
    {
        "account:Account",
        "basePathMapping:BasePathMapping",
        "clientCertificate:ClientCertificate",
        "deployment:Deployment",
        "domainName:DomainName",
        "domainNameAccessAssociation:DomainNameAccessAssociation",
        "methodSettings:MethodSettings",
        "stage:Stage",
        "usagePlan:UsagePlan",
        "usagePlanKey:UsagePlanKey",
    }
)
DESCRIPTIVE = frozenset({"description", "tags"})


class DeployedParts:
    """Collects the parts of one API: its component passes :meth:`record` as a transformation.

    https://www.pulumi.com/docs/iac/concepts/resources/options/transformations/

    Attributes:
        resources: what the deployment has to wait for.
    """

    def __init__(self) -> None:
        self.resources: list[pulumi.Resource] = []
        self._arguments: dict[str, pulumi.Inputs] = {}

    def record(self, args: pulumi.ResourceTransformationArgs) -> None:
        """Take down a resource's arguments, if it is a part of the deployment; it is not changed."""
        kind = args.type_.removeprefix(PREFIX)
        if kind == args.type_ or kind in NOT_DEPLOYED:
            return
        self.resources.append(args.resource)
        self._arguments[f"{kind.partition(':')[2]} {args.name}"] = {
            name: value for name, value in args.props.items() if value is not None and name not in DESCRIPTIVE
        }

    def triggers(self) -> dict[str, pulumi.Output[str]]:
        """Return the arguments of each part as JSON text, by type and name: a preview names the part that changes."""
        return {
            name: pulumi.Output.json_dumps(arguments, sort_keys=True) for name, arguments in self._arguments.items()
        }
