"""What a deployed stack stays: its environment, its region, and the settings that cannot be changed later."""

from collections.abc import Mapping

from lib.common import naming
from lib.common.errors import SettingError
from lib.common.system_settings import SystemSettings


def check(settings: SystemSettings, before: Mapping[str, str]) -> None:
    """Refuse to make another environment of a deployed stack, to move it, or to replace what is in it.

    Args:
        settings: of the deployment that is about to begin.
        before: :attr:`SystemSettings.identity` of the latest deployment; empty at the first one. A setting that an
            earlier version of the program did not write down is not compared.

    Raises:
        SettingError: a contradiction; one of the environment only if ENVIRONMENT_BEFORE does not name the former one.
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
    for name in settings.permanent():
        # What was left to AWS may be written down, as it is by now.
        if before.get(name) and before[name] != settings.identity[name]:
            raise SettingError(refusal(settings, name, repr(before[name])))


def refusal(settings: SystemSettings, name: str, before: str) -> str:
    """Return the sentence that refuses another value of a permanent setting.

    Args:
        settings: of the deployment that is about to begin.
        name: the setting's attribute.
        before: the deployed value in quotation marks, or where the tool keeps it.
    """
    setting = settings.permanent()[name]
    return (
        f"{settings.system}-{settings.suffix} is deployed with {setting.variable}={before}, and "
        f"{setting.variable}={settings.identity[name]!r} is refused, for {setting.would}: set the former value, or "
        f"deploy under another {naming.SUFFIX}."
    )
