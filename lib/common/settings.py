"""Settings that several systems have, and what the settings of a system with a database begin with."""

from dataclasses import replace
from typing import Self

from lib.common import rds_ca, rds_versions
from lib.common import setting_types as kinds
from lib.common.errors import SettingError
from lib.common.setting_types import FLAG, NEVER, Derived, Given, Setting, SettingType, number
from lib.common.system_settings import SystemSettings, region_of

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
RESTARTS = "the database restarts, when `APPLY_IMMEDIATELY` says"

# Settings that some systems have.
API_RATE = Setting(number(1, 10_000), "requests a second that the API takes")
API_BURST = Setting(number(1, 5_000), "requests that the API takes at once")
# What the API lets through and Lambda has no room for is answered 500, and not 429. 0 reserves nothing: Lambda
# insists on leaving 100 to the account's other functions, of which a new account may not have as many.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
FUNCTION_CONCURRENCY = Setting(number(0, 10_000), "requests at once; 0 reserves nothing, for a small quota")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
API_METRICS = Setting(FLAG, "API Gateway's metrics of each method, at a price; alarms need those of the stage only")
CERTIFICATE_ARN = Setting(
    kinds.certificate(), "HTTPS with this certificate; without it, HTTP", "", "in place; callers change with it"
)
PLAIN_HTTP = Setting(
    kinds.choice("refused", "accepted"),
    "whether production may be without `CERTIFICATE_ARN`: whoever is on the way reads requests and changes them",
    "refused",
    "in place: what the next deployment may do",
)
DATABASE_INSIGHTS = Setting(kinds.choice("standard", "advanced"), "Database Insights: 7 days, or 465 at a price")
DELETION_PROTECTION = Setting(FLAG, "whether the database, and what else can be, is protected from deletion")
ENVIRONMENT_BEFORE = Setting(
    kinds.text(
        ", ".join(f"`{name}`" for name in kinds.ENVIRONMENTS),
        "|".join(kinds.ENVIRONMENTS),
        f"is unknown: use one of {', '.join(kinds.ENVIRONMENTS)}, or leave it empty.",
    ),
    "what the stack was deployed as, for the one deployment that makes another environment of it",
    "",
    "see `ENVIRONMENT`",
)
DOMAIN_NAME = Setting(kinds.DOMAIN, "the name that users call", "")
HOSTED_ZONE_ID = Setting(kinds.HOSTED_ZONE, "the Route 53 zone of that name", "")
NAT_PER_ZONE = Setting(FLAG, "a NAT gateway in each zone, so that a zone can fail alone; `false` is cheaper")
# It grows by itself, and never shrinks; RDS asks for a limit of a tenth more than there is, 64 TiB at the most.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
STORAGE_GIB = 20
STORAGE_LIMIT_GIB = Setting(
    number(STORAGE_GIB * 11 // 10, 65_536),
    f"GiB that the database's storage may grow to by itself, from {STORAGE_GIB}: see Growth",
    100,
    "in place; not less than it has grown to",
)
# What is traced is a sample: the first request of each second, and one in twenty of the others.
# https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
TRACING = Setting(FLAG, "whether X-Ray traces a sample of the requests")
# A VPC keeps its first block: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
VPC_CIDR = Setting(kinds.NETWORK, "addresses of the network", change=f"{NEVER}the network would be replaced")


def version(engine: str) -> Setting[str]:
    """Return the setting of an engine's version."""
    variable = rds_versions.variable(engine)
    kind = SettingType("a version of that list", lambda given: rds_versions.choose(engine, {variable: given.text}))
    first = Derived("the first of lib/common/rds_versions.py", lambda _: "")
    change = f"{RESTARTS}; another major version needs `ALLOW_MAJOR_VERSION_UPGRADE`; there is no way back"
    return Setting(kind, "the version of PostgreSQL", first, change, variable)


def _major_upgrade(given: Given) -> bool:
    """Return whether another major version may be deployed.

    It is made at once: a version waits for the maintenance window where changes wait, and the parameter group of the
    earlier major version, which the database uses until then, goes with this deployment.
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBParameterGroup.html
    """
    allowed = FLAG.parse(given)
    if allowed and not given.earlier["apply_immediately"]:
        raise given.refused(
            "is refused with APPLY_IMMEDIATELY=false: the upgrade would wait for the maintenance window, and its "
            "deployment would fail: set APPLY_IMMEDIATELY=true for this deployment."
        )
    return allowed


class DatabaseSettings(SystemSettings):
    """What the settings of a system with a PostgreSQL database begin with, whose clients verify its certificate."""

    region = replace(
        SystemSettings.region,
        kind=SettingType(
            "a region with a root in lib/common/rds-ca.pem", lambda given: rds_ca.covered(region_of(given))
        ),
    )
    retain_data = Setting(FLAG, "whether data outlives the stack: final snapshots, buckets, keys that wait longer")
    log_days = Setting(
        kinds.amount("CloudWatch Logs", LOG_DAYS),
        "days that logs are kept",
        change="in place; fewer days delete what is older",
    )
    backup_days = Setting(number(1, 35), "days that automated backups are kept")
    database_instance_class = Setting(kinds.INSTANCE_CLASS, "the database's class", "db.t4g.medium", RESTARTS)
    # Which changes wait, and which never do:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
    apply_immediately = Setting(
        FLAG,
        "whether a change of the database is made at once, or waits for its next maintenance window",
        change="in place; what waits already is made with the next change",
    )
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
    allow_major_version_upgrade = Setting(
        SettingType("`true`, with `APPLY_IMMEDIATELY`; `false`", _major_upgrade),
        "whether a deployment may upgrade the database to another major version",
        default=False,
        change="in place: what the deployment after it may do",
    )
    database_port = Setting(number(1150, 65535), "the port of PostgreSQL", 5432, "the database restarts at once")
    alarm_email = Setting(
        kinds.EMAIL, "where alarms are sent; production needs it", "", "in place; the new address has to confirm"
    )

    def deployable(self) -> Self:
        """Return the settings for a deployment; other commands find what is deployed with less.

        Raises:
            SettingError: they do not add up; or it is production, and nobody would hear of an alarm, or callers would
                speak plain HTTP without anybody's having said so.
        """
        for need in self.capacity():
            need.check()
        if self.environment != "production":
            return self
        if not self.alarm_email:
            raise SettingError(
                "ALARM_EMAIL='' is refused with ENVIRONMENT=production, whose alarms would reach nobody: write the "
                "address of those on duty, or deploy as staging or dev."
            )
        if self.values.get("plain_http") == "refused" and not self.values["certificate_arn"]:
            raise SettingError(
                "CERTIFICATE_ARN='' is refused with ENVIRONMENT=production, whose callers would speak plain HTTP: "
                "write the ARN of a certificate (aws acm request-certificate), or PLAIN_HTTP=accepted, or deploy as "
                "staging."
            )
        return self
