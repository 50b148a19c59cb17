"""Leads a command to the running local cloud, where nothing in the shell says which AWS account is meant."""

from collections.abc import Mapping, MutableMapping

import botocore.session
from botocore.exceptions import BotoCoreError

from lib.local_cloud import ports
from lib.local_cloud.cloud import MOTO_VARIABLE, PORT_VARIABLE, UNSET, LocalCloud

HOW = 'eval "$(scripts/env)"'


def names_an_account() -> bool:
    """Return whether the environment has credentials of an account, or profiles of which one can be chosen.

    The order in which they are looked for is that of every client:
    https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
    """
    session = botocore.session.Session()
    try:
        return bool(session.available_profiles or session.get_credentials())
    except BotoCoreError:  # a profile that does not exist, for one: it is meant, and the command will say so
        return True


def running(environ: Mapping[str, str]) -> LocalCloud | None:
    """Return the local cloud that runs, on the ports that it was started with; None where none does."""
    known = dict(environ)
    ports.recall((PORT_VARIABLE, MOTO_VARIABLE), known)
    cloud = LocalCloud.read(known)
    return cloud if cloud.emulator.healthy() else None


def point(environ: MutableMapping[str, str]) -> str:
    """Lead clients to the running local cloud; an account that the environment names comes first.

    Args:
        environ: the variables that clients read, which are changed.

    Returns:
        A sentence that says who is asked; empty where the environment names an endpoint, or no local cloud runs.

    Raises:
        SettingError: a port that is not valid.
    """
    if environ.get("AWS_ENDPOINT_URL"):
        return ""
    cloud = running(environ)
    if cloud is None:
        return ""
    if names_an_account():
        return f"Asking AWS, as this shell has credentials or profiles of it. For the local cloud that runs: {HOW}"
    for name in UNSET:
        environ.pop(name, None)
    environ.update(cloud.environment())
    return f"Asking the local cloud on port {cloud.port}, as this shell has no credentials of AWS."
