"""What a deployed stack stays: its environment and its region."""

from collections.abc import Mapping

from lib.common import naming
from lib.common.errors import SettingError
from lib.common.settings import SystemSettings


def check(settings: SystemSettings, before: Mapping[str, str]) -> None:
    """Refuse to make another environment of a deployed stack, or to move it.

    Args:
        settings: of the deployment that is about to begin.
        before: :attr:`SystemSettings.identity` of the latest deployment; empty at the first one.

    Raises:
        SettingError: a contradiction that ENVIRONMENT_BEFORE does not name.
    """
    title = f"{settings.system}-{settings.suffix}"
    if before and before["region"] != settings.region:
        raise SettingError(
            f"{title} is deployed in {before['region']}, and AWS_REGION={settings.region!r} would delete it there and "
            f"make an empty one: unset AWS_REGION (lib/AWS_REGION counts), or deploy under another {naming.SUFFIX}."
        )
    if before and before["environment"] not in (settings.environment, settings.values.get("environment_before")):
        raise SettingError(
            f"{title} is deployed as {before['environment']}, and ENVIRONMENT={settings.environment!r} would make "
            f"another of it: set ENVIRONMENT={before['environment']}, deploy under another {naming.SUFFIX}, or, if "
            f"that is meant, set ENVIRONMENT_BEFORE={before['environment']} too."
        )
