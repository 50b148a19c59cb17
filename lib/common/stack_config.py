"""How a Pulumi stack's configuration and the environment become the variables that settings are read from."""

import re
from collections.abc import Mapping, Sequence

from lib.common import naming, region
from lib.common.errors import SettingError


def variable(name: str) -> str:
    """Return the variable that a key of Pulumi's configuration stands for: ``databasePort``, ``DATABASE_PORT``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def key(name: str) -> str:
    """Return the key that stands for a variable: ``DATABASE_PORT``, ``databasePort``."""
    return re.sub(r"_(.)", lambda found: found[1].upper(), name.lower())


def merge(
    system: str, variables: Sequence[str], suffix: str, config: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings' variables of one stack: the environment's, or else the configuration's.

    Args:
        system: the system's name.
        variables: what the system's settings read.
        suffix: what follows the system's name in the stack's name.
        config: Pulumi's configuration of this project, without the project's name in the keys.
        environ: the process's environment.

    Raises:
        SettingError: a key that means nothing, or another suffix in the environment than in the stack's name.
    """
    unknown = sorted(name for name in config if variable(name) not in variables)
    if unknown:
        known = ", ".join(sorted(key(name) for name in variables))
        raise SettingError(f"tap:{unknown[0]} is not a setting of {system}: use one of {known}.")
    wanted = environ.get(naming.SUFFIX) or suffix
    if wanted != suffix:
        raise SettingError(
            f"{naming.SUFFIX}={wanted!r} does not fit the Pulumi stack {system}-{suffix}: unset it, or select the "
            f"stack {system}-{wanted}."
        )
    chosen = {name: environ[name] for name in (*variables, region.PRIMARY) if environ.get(name)}
    return {**{variable(name): value for name, value in config.items()}, **chosen, naming.SUFFIX: suffix}
