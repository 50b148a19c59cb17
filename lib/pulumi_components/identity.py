"""What a Pulumi stack stays: the environment and the region of its first deployment, which its outputs hold.

A program is run with whatever environment variables its shell has, and another region replaces every resource.
"""

from collections.abc import Mapping

import pulumi

from lib.common import identity
from lib.common.errors import SettingError
from lib.common.system_settings import SystemSettings

OUTPUT = "identity"


def confirmed_region(settings: SystemSettings) -> pulumi.Output[str]:
    """Return the settings' region, as soon as it is known that they do not contradict the latest deployment.

    A provider with this region, and so every resource, waits for it: nothing is changed before. A stack's reference to
    itself reads the outputs of its latest deployment
    (https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences); before the first one there are none.

    Args:
        settings: of the stack; what only the environment says is told to who deploys.

    Raises:
        RunError: when the output is asked for; with the sentence of :func:`lib.common.identity.check`.
    """
    if settings.environment != "dev":
        for sentence in settings.from_shell:
            pulumi.log.info(f"tap: {sentence}")
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    latest = pulumi.StackReference("latest-deployment", stack)

    def confirm(before: Mapping[str, str] | None) -> str:
        try:
            identity.check(settings, before or {})
        except SettingError as error:
            # Pulumi shows this one error as a sentence, any other as a traceback.
            raise pulumi.RunError(f"tap: {error}") from error
        return settings.region

    return latest.get_output(OUTPUT).apply(confirm)
