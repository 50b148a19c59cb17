"""What can be chosen about the API: the environment of its container as validated values."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = ("127.0.0.1", "::1", "localhost")
LEVELS = ("info", "debug", "warning", "error")
# The same place in the repository (lib/common) and in the image, whose folders the Dockerfile lays out alike.
RDS_CA = Path(__file__).resolve().parents[2] / "common" / "rds-ca.pem"


class SettingError(ValueError):
    """A variable of the environment that is missing or wrong; the message names it, its value and what it takes."""


def text(environ: Mapping[str, str], name: str, what: str) -> str:
    """Return a value that has to be there.

    Raises:
        SettingError: it is missing or empty.
    """
    value = environ.get(name, "")
    if not value:
        raise SettingError(f"{name} is missing: write {what}.")
    return value


def number(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """Return a whole number.

    Raises:
        SettingError: no whole number, or outside ``low`` to ``high``.
    """
    value = environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
        raise SettingError(f"{name}={value!r} is refused: use a whole number from {low} to {high}.")
    return int(value)


def choice(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed values; the first is the default.

    Raises:
        SettingError: another value.
    """
    value = environ.get(name) or allowed[0]
    if value not in allowed:
        raise SettingError(f"{name}={value!r} is unknown: use one of {', '.join(allowed)}.")
    return value


@dataclass(frozen=True)
class Settings:  # pylint: disable=too-many-instance-attributes  # one for each variable
    """The API's settings; :meth:`read` validates them."""

    db_host: str
    db_port: int
    db_name: str
    db_user: str
    hash_key_arn: str
    db_ca_file: Path
    db_pool_size: int
    host: str
    port: int
    workers: int
    threads: int
    log_level: str

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings that the environment describes.

        Raises:
            SettingError: naming the variable, its value and what it takes.
        """
        host, hash_key = text(environ, "DB_HOST", "the name of the database server"), environ.get("HASH_KEY_ARN", "")
        if not hash_key and host not in LOOPBACK:
            raise SettingError(
                "HASH_KEY_ARN is missing: write the ARN of the KMS key (HMAC_256) that idempotency keys are hashed "
                f"with. It may be left out for a database on loopback ({', '.join(LOOPBACK)})."
            )
        ca_file = Path(environ.get("DB_CA_FILE") or RDS_CA)
        if not ca_file.is_file():
            raise SettingError(
                f"DB_CA_FILE={str(ca_file)!r} is not a file: write the path of the authorities to trust."
            )
        threads = number(environ, "WEB_THREADS", 8, 1, 64)
        return cls(
            db_host=host,
            db_port=number(environ, "DB_PORT", 5432, 1, 65535),
            db_name=text(environ, "DB_NAME", "the name of the database"),
            db_user=text(environ, "DB_USER", "the role of the database that the API signs in as by IAM"),
            hash_key_arn=hash_key,
            db_ca_file=ca_file,
            # A thread needs a connection only while it asks the database something; more would never be used.
            db_pool_size=number(environ, "DB_POOL_SIZE", threads, 1, threads),
            # A container is reached through its own network interface, and nobody but the load balancer may.
            host=environ.get("HOST") or "0.0.0.0",  # noqa: S104  # a container's address is not known before
            port=number(environ, "PORT", 8080, 1, 65535),
            workers=number(environ, "WEB_CONCURRENCY", 2, 1, 64),
            threads=threads,
            log_level=choice(environ, "LOG_LEVEL", LEVELS),
        )
