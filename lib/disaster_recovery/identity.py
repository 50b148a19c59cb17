"""What the stack stays: Terraform's state keeps it from the first deployment on, and each plan is compared with it.

The configuration's own values are ignored later, and the conditions are looked at in each plan:
https://developer.hashicorp.com/terraform/language/resources/terraform-data
"""

from cdktf import Annotations, DataResource, Postcondition, TerraformResourceLifecycle, TerraformStack
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity

from lib.common.identity import refusal
from lib.disaster_recovery.settings import Settings


def keep(stack: TerraformStack, settings: Settings, caller: DataAwsCallerIdentity) -> None:
    """Have the plan refuse what contradicts the first deployment, and name what only the shell says.

    Args:
        stack: of the resources that keep it.
        settings: of the stack; outside dev what only the environment says is told to who deploys.
        caller: whose account it is.
    """
    _keep_target(stack, settings, caller)
    # A resource each, because what is in the state stays as it was: what a later version adds is kept from then on.
    for name in settings.permanent():
        if name not in ("region", "region_dr"):
            _keep_setting(stack, settings, name)
    if settings.environment != "dev":
        for sentence in settings.from_shell:
            Annotations.of(stack).add_info(f"tap: {sentence}")


def _keep_target(stack: TerraformStack, settings: Settings, caller: DataAwsCallerIdentity) -> None:
    """Keep environment, regions and account: another environment is refused until it is said to be meant."""
    declared = {
        "environment": settings.environment,
        "region": settings.primary.region,
        "second_region": settings.secondary.region,
    }
    lifecycle = None
    if not settings.environment_before:
        same = [f'self.output.{name} == "{value}"' for name, value in declared.items()]
        # In an expression a token of the CDKTF stays a token.
        same.append(
            f"self.output.account == data.{caller.terraform_resource_type}.{caller.friendly_unique_id}.account_id"
        )
        lifecycle = _kept(
            " && ".join(same),
            "This stack is deployed as ${jsonencode(self.output)}, and the settings and "
            f"credentials say otherwise ({', '.join(declared.values())}): change them back, or deploy "
            "under another ENVIRONMENT_SUFFIX. If another environment is meant, set ENVIRONMENT_BEFORE to "
            "the one that is deployed, for this one deployment.",
        )
    DataResource(stack, "identity", input={**declared, "account": caller.account_id}, lifecycle=lifecycle)


def _keep_setting(stack: TerraformStack, settings: Settings, name: str) -> None:
    """Keep a setting that cannot be changed."""
    value = settings.identity[name]
    lifecycle = _kept(f'self.output.{name} == "{value}"', refusal(settings, name, f"'${{self.output.{name}}}'"))
    DataResource(stack, f"identity-{name}", input={name: value}, lifecycle=lifecycle)


def _kept(condition: str, message: str) -> TerraformResourceLifecycle:
    return TerraformResourceLifecycle(
        ignore_changes=["input"],
        postcondition=[Postcondition(condition=f"${{{condition}}}", error_message=message)],
    )
