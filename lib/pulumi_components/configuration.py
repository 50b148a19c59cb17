"""What a stack's configuration file says."""

import pulumi


def configuration() -> dict[str, str]:
    """Return the values of this project in the stack's configuration, by key without the project's name."""
    start = f"{pulumi.get_project()}:"
    every = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    return {key.removeprefix(start): str(value) for key, value in every.items() if key.startswith(start)}
