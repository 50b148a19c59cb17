"""The major version of the global database, which nobody upgrades by a slip."""

from cdktf import Postcondition

from lib.common import rds_versions
from lib.disaster_recovery.settings import ENGINE, Settings


def same_major(settings: Settings) -> list[Postcondition]:
    """Return what ends a plan in which the clusters are of another major version than the declared one.

    The provider upgrades the global database to any version, allowed or not: it sends AllowMajorVersionUpgrade each
    time. A cluster keeps the version that it is read with, which the declared one is compared to.
    https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/rds/global_cluster.go
    """
    if settings.allow_major_version_upgrade:
        return []
    major = rds_versions.major(settings.engine_version)
    message = (
        f"The deployed database is not of PostgreSQL {major}: set {rds_versions.variable(ENGINE)} to a version of its "
        "major version, or ALLOW_MAJOR_VERSION_UPGRADE=true, to which docs/major-versions.md has the steps."
    )
    # The cluster names itself, which only Terraform understands.
    condition = f'${{split(".", self.engine_version)[0] == "{major}"}}'
    return [Postcondition(condition=condition, error_message=message)]
