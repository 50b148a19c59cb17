"""Where a construct's resources are: the region, its provider, the account, and the names that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from cdktf import Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.provider import AwsProvider

from lib.common import naming, region
from lib.disaster_recovery.settings import SYSTEM, Settings


class OwnArguments(TypedDict):
    """What every resource with tags is made with."""

    provider: AwsProvider
    tags: dict[str, str]


@dataclass(frozen=True)
class AwsContext:
    """One region of the stack.

    ``role`` is ``primary``, ``secondary``, or ``global`` for the region that has the partition's global metrics.
    """

    settings: Settings
    role: str
    region: str
    provider: AwsProvider
    account: str

    @property
    def partition(self) -> str:
        """The region's partition."""
        return region.partition(self.region)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def name(self, kind: str, part: str = "") -> str:
        """Return a physical name of this region; most are the same in every region."""
        return self.settings.name(kind, part, where=self.region)

    def bucket(self, part: str) -> str:
        """Return a bucket's name. Bucket names are global: account and region are part of it."""
        base = f"{part}-{self.account}-{self.region}"
        length = len(base) - len(self.account) + 12 + 1 + len(self.settings.suffix)
        return naming.physical("bucket", base, self.settings.suffix, regions=[self.region], length=length)

    def tags(self, part: str = "", **more: str) -> dict[str, str]:
        """Return the tags of a resource's own: its name; the provider adds everything else."""
        return {"Name": f"{SYSTEM}-{part}-{self.settings.suffix}" if part else self.name("service"), **more}

    def protected(
        self, *, ignore: Sequence[str] = (), conditions: Sequence[Postcondition] = ()
    ) -> TerraformResourceLifecycle | None:
        """Return the lifecycle of what holds data: where it is protected, no plan that would destroy it is made.

        AWS's own deletion protection refuses one resource, when everything that needed it has been destroyed already.
        Terraform takes no expression here, so the setting decides when the program is synthesised:
        https://developer.hashicorp.com/terraform/language/meta-arguments/prevent_destroy

        Args:
            ignore: arguments whose changes are not looked at.
            conditions: what has to be true of the resource, also of the planned one.
        """
        lifecycle: dict[str, Any] = {"prevent_destroy": True} if self.settings.deletion_protection else {}
        lifecycle |= {"ignore_changes": list(ignore)} if ignore else {}
        lifecycle |= {"postcondition": list(conditions)} if conditions else {}
        return TerraformResourceLifecycle(**lifecycle) if lifecycle else None

    def own(self, part: str = "", **more: str) -> OwnArguments:
        """Return what every resource with tags is made with."""
        return {"provider": self.provider, "tags": self.tags(part, **more)}
