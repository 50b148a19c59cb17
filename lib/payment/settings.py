"""What can be chosen about the payment system: validated values, no IaC tool."""

import re
from dataclasses import replace

from lib.common import capacity
from lib.common import settings as common
from lib.common.capacity import Need
from lib.common.errors import SettingError
from lib.common.setting_types import FLAG, Derived, Given, Setting, SettingType, choice, number, text
from lib.common.system_settings import SystemSettings

SYSTEM = "payment"
YEAR_DAYS = 365
WAF_SECONDS = 300  # over which a rate-based rule counts
NETWORK_PARTS = 16  # lib/pulumi_components/network.py
_API_KEY = re.compile(r"[a-z0-9]{1,64}")
LATER = "in place, for objects that are written later"


def _rotated(given: Given) -> str:
    """Return pairs of ids of API keys, each new one with the one whose payments are its own.

    Raises:
        SettingError: it is no such list, or an id has another's place twice, or in turn.
    """
    pairs = [tuple(pair.strip().split("=")) for pair in given.text.split(",") if pair.strip()]
    if not all(len(pair) == 2 and all(map(_API_KEY.fullmatch, pair)) for pair in pairs):
        raise given.refused("is not a list of ids of API keys: use new=old, such as 1a2b3c4d5e=6f7g8h9i0j.")
    new, old = [pair[0] for pair in pairs], {pair[1] for pair in pairs}
    if len(set(new)) < len(new) or old & set(new):
        raise given.refused("names an id twice: a new key takes the place of the first key of its caller.")
    return ",".join("=".join(pair) for pair in pairs)


class Settings(common.DatabaseSettings):
    """The payment system's settings."""

    system = SYSTEM
    database_name = "payments"

    environment = replace(SystemSettings.environment, default="staging")
    environment_before = common.ENVIRONMENT_BEFORE
    engine_version = common.version("postgres")
    storage_limit_gib = common.STORAGE_LIMIT_GIB
    database_multi_az = Setting(FLAG, "a standby in a second zone; production has one")
    deletion_protection = common.DELETION_PROTECTION
    vpc_cidr = replace(common.VPC_CIDR, default="10.30.0.0/16")
    nat_gateways = Setting(
        choice("none", "one", "zone"),
        "NAT gateways, with public subnets for them: for functions that call others than this system's own do",
        "none",
        "in place; functions that reach the internet lose it with `none`",
    )
    endpoint_per_zone = Setting(
        FLAG, "interfaces of the endpoints in each zone, so that a zone can fail alone; `false` is cheaper"
    )
    break_glass_role = Setting(
        text(
            "the ARN of an IAM role",
            r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}",
            "is refused: write the ARN of a role, such as arn:aws:iam::123456789012:role/break-glass.",
        ),
        "who alone may end the audit key while `DELETION_PROTECTION` is on; without it, nobody",
        "",
    )
    # In GOVERNANCE mode a special right can shorten an object's retention, in COMPLIANCE nothing can.
    audit_mode = Setting(choice("GOVERNANCE", "COMPLIANCE"), "how audit objects are locked", change=LATER)
    audit_days = Setting(number(1, 100 * YEAR_DAYS), "days of that; a year or more in production", change=LATER)
    audit_pass_hours = Setting(number(1, 720), "hours in which the audit trail is verified once", 24)
    api_rate = common.API_RATE
    api_burst = common.API_BURST
    api_metrics = common.API_METRICS
    tracing = common.TRACING
    # WAF counts a sender's requests over five minutes, and takes 10 to 2 billion. One sender may take all that the API
    # takes: WAF is for those who send more.
    sender_rate = Setting(
        number(10, 2_000_000_000),
        "requests of one sender in five minutes",
        Derived(f"{WAF_SECONDS} x API_RATE", lambda earlier: WAF_SECONDS * earlier["api_rate"]),
    )
    function_concurrency = replace(
        common.FUNCTION_CONCURRENCY, default=Derived("API_BURST", lambda earlier: earlier["api_burst"])
    )
    rotated_api_keys = Setting(
        SettingType("`new=old,...`", _rotated), "API keys that take the place of others: see Callers", default=""
    )
    certificate_arn = common.CERTIFICATE_ARN
    plain_http = common.PLAIN_HTTP

    def capacity(self) -> list[Need]:
        """Return what callers ask of the function, the function of the database, and all of the network."""
        at_once = self.function_concurrency or self.api_burst
        return [
            Need(
                "functions at once",
                f"API_BURST={self.api_burst}",
                self.api_burst,
                f"FUNCTION_CONCURRENCY={self.function_concurrency}",
                at_once,
                "a smaller API_BURST, or a larger FUNCTION_CONCURRENCY",
            ),
            capacity.connections(
                self.database_instance_class,
                at_once + 2,
                f"{at_once} functions, 1 that drains, 1 that migrates",
                "a smaller FUNCTION_CONCURRENCY and API_BURST",
            ),
            Need(
                "requests of one sender",
                f"{WAF_SECONDS} s x API_RATE={self.api_rate}",
                WAF_SECONDS * self.api_rate,
                f"SENDER_RATE={self.sender_rate}",
                self.sender_rate,
                "a larger SENDER_RATE, or leave it out",
            ),
            capacity.subnet_addresses(self.vpc_cidr, NETWORK_PARTS),
        ]

    def check(self) -> None:
        """Refuse what would make production less than it is called."""
        wrong = {
            "RETAIN_DATA=false": not self.retain_data,
            "DATABASE_MULTI_AZ=false": not self.database_multi_az,
            f"AUDIT_MODE={self.audit_mode}": self.audit_mode != "COMPLIANCE",
            f"AUDIT_DAYS={self.audit_days}": self.audit_days < YEAR_DAYS,
            f"DATABASE_INSTANCE_CLASS={self.database_instance_class}": bool(
                re.search(r"\.(micro|small)$", self.database_instance_class)
            ),
        }
        refused = [name for name, wrongly in wrong.items() if wrongly]
        if self.environment == "production" and refused:
            raise SettingError(
                f"{refused[0]} is refused with ENVIRONMENT=production, which is Multi-AZ on at least a medium instance,"
                " keeps its data when the stack goes, and its audit trail in "
                f"COMPLIANCE mode for {YEAR_DAYS} days or more: leave it out, or deploy as staging."
            )
