"""The systems as they would be deployed now, with every part that a first deployment may leave out."""

from collections.abc import Mapping, Sequence

from lib.check_account.model import System
from lib.common import naming
from lib.common.errors import SettingError
from lib.declared import read
from lib.declared.model import DeclarationError

# What comes with a second deployment, and needs room and roles all the same: the service of an image, by any tag.
LATER = {"IMAGE": "first"}


def names() -> tuple[str, ...]:
    """Return the systems of this checkout."""
    return read.SYSTEMS


def load(chosen: Sequence[str], environ: Mapping[str, str]) -> list[System]:
    """Return systems with what they declare.

    Args:
        chosen: their names; none for all.
        environ: the settings, by the names of their environment variables.

    Raises:
        SettingError: a setting that is refused, or something declared that cannot be shown.
    """
    return [_load(name, {**LATER, **environ}) for name in chosen or names()]


def _load(name: str, environ: Mapping[str, str]) -> System:
    try:
        source = read.source(name, environ)
        return System(name, naming.suffix(environ), read.view(source), source.document, environ.get("STATE_BUCKET", ""))
    except DeclarationError as error:
        raise SettingError(f"What {name} declares cannot be read: {error}") from error
