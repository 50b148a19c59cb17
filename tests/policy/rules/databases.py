"""Databases: TLS enforced, no password known, versions and classes that AWS offers, windows that do not overlap."""

import re
from collections.abc import Iterator, Mapping

from lib.common import rds_versions
from lib.declared.model import Declaration, Resource, listed
from tests.policy.network_view import databases
from tests.policy.rule import rule

BOTH = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Maintenance.html
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY, SHORTEST = 24 * 60, 30  # minutes
# What is said of the database's port, TLS and place to what connects to it.
PARAMETERS: Mapping[str, frozenset[str]] = {
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
    "rds.force_ssl": frozenset({"1"}),
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
    "ssl_min_protocol_version": frozenset({"TLSv1.2", "TLSv1.3"}),
    # https://www.postgresql.org/docs/17/runtime-config-logging.html
    "log_lock_waits": frozenset({"1", "on"}),
    # "all" and "mod" would log what callers send.
    "log_statement": frozenset({"none", "ddl"}),
    "log_connections": frozenset({"1", "on"}),
    "log_disconnections": frozenset({"1", "on"}),
    "log_parameter_max_length": frozenset({"0"}),
    "log_parameter_max_length_on_error": frozenset({"0"}),
    "log_error_verbosity": frozenset({"terse"}),
    "log_min_error_statement": frozenset({"panic"}),
}
# Whose default, or that of RDS, brings values into the log that callers have sent.
QUIET = (
    "log_statement",
    "log_parameter_max_length",
    "log_parameter_max_length_on_error",
    "log_error_verbosity",
    "log_min_error_statement",
)
# Parameters in milliseconds, of which 0 and -1 would mean never or always.
MILLISECONDS = {
    "log_min_duration_statement",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
}
GROUPS = ("AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup")


@rule(*GROUPS)
def database_parameters(declaration: Declaration) -> Iterator[str]:
    """Find parameter groups that do not enforce TLS, log what callers send, or have unknown parameters or values."""
    for kind in GROUPS:
        for group in declaration.of(kind):
            parameters = {str(name): str(value) for name, value in group.properties["Parameters"].items()}
            if parameters.get("rds.force_ssl") != "1":
                yield f"{group.name}: rds.force_ssl is {parameters.get('rds.force_ssl')!r}"
            for name in QUIET:
                if name not in parameters:
                    yield f"{group.name}: without {name} values would be logged"
            for name, value in parameters.items():
                if name not in PARAMETERS and name not in MILLISECONDS:
                    yield f"{group.name}: the parameter {name!r} is not known here: say what it takes"
                if name in PARAMETERS and value not in PARAMETERS[name]:
                    yield f"{group.name}: {name} is {value!r}: use one of {sorted(PARAMETERS[name])}"
                if name in MILLISECONDS and not 100 <= int(value) <= 600_000:
                    yield f"{group.name}: {name} is {value} ms"


@rule(*BOTH)
def parameter_families(declaration: Declaration) -> Iterator[str]:
    """Find databases with a parameter group of another engine or major version, which RDS refuses.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html (DBParameterGroupName)
    """
    for database in databases(declaration):
        version = str(database.properties.get("EngineVersion", ""))
        for origin, _attribute in declaration.referred(version):
            version = str(origin.properties["EngineVersion"])
        family = rds_versions.family(str(database.properties.get("Engine")), version)
        used = [database.properties.get(key, "") for key in ("DBParameterGroupName", "DBClusterParameterGroupName")]
        for group, _attribute in declaration.referred(used):
            if group.properties["Family"] != family:
                yield f"{database.name}: {group.name} is of the family {group.properties['Family']!r}, not {family!r}"


@rule(*BOTH)
def passwords(declaration: Declaration) -> Iterator[str]:
    """Find databases whose password somebody chooses: RDS makes, keeps and rotates it.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html. A member of a global database
    cannot have one: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
    """
    for database in databases(declaration):
        if database.properties.get("DBClusterIdentifier") and database.type == "AWS::RDS::DBInstance":
            continue
        managed = database.properties.get("ManageMasterUserPassword")
        if database.properties.get("GlobalClusterIdentifier"):
            if managed:
                yield f"{database.name}: RDS refuses ManageMasterUserPassword in a global database"
        elif managed is not True:
            yield f"{database.name}: ManageMasterUserPassword is {managed}"
        chosen = str(database.properties.get("MasterUserPassword", ""))
        secrets = [found.type for found, _attribute in declaration.referred(chosen)]
        in_global = database.properties.get("GlobalClusterIdentifier")
        if chosen and not (in_global and secrets == ["AWS::SecretsManager::Secret"]):
            yield f"{database.name}: has a password of somebody's choice"


@rule(*BOTH, "AWS::RDS::GlobalCluster")
def engines(declaration: Declaration) -> Iterator[str]:
    """Find versions outside of the list, engines that do not fit each other, and paid extended support.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html
    """
    for database in [*databases(declaration), *declaration.of("AWS::RDS::GlobalCluster")]:
        engine = str(database.properties.get("Engine"))
        if engine not in rds_versions.ENGINES:
            yield f"{database.name}: the engine {engine!r} is none of {sorted(rds_versions.ENGINES)}"
            continue
        member = database.properties.get("DBClusterIdentifier") and database.type == "AWS::RDS::DBInstance"
        version = str(database.properties.get("EngineVersion", ""))
        listed_version = version in rds_versions.ENGINES[engine].versions or declaration.referred(version)
        if not listed_version and (version or not member):  # an instance takes its cluster's
            yield f"{database.name}: the version {version!r} is not in lib/common/rds_versions.py"
        support = database.properties.get("EngineLifecycleSupport")
        if not member and support != "open-source-rds-extended-support-disabled":
            yield f"{database.name}: EngineLifecycleSupport is {support!r}: AWS enrols it in paid support"
        if database.properties.get("AutoMinorVersionUpgrade", False) is not False:
            yield f"{database.name}: AWS would upgrade it, and the next deployment take that back"
        if database.properties.get("AllowMajorVersionUpgrade", False) is not False:
            yield f"{database.name}: a major version would be upgraded in passing"


@rule("AWS::RDS::DBInstance")
def instance_classes(declaration: Declaration) -> Iterator[str]:
    """Find classes that do not exist, and those that AWS refuses for a global database.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.configuration.requirements.html
    """
    for database in declaration.of("AWS::RDS::DBInstance"):
        name = str(database.properties.get("DBInstanceClass"))
        clusters = [
            found for found, _attribute in declaration.referred(database.properties.get("DBClusterIdentifier", ""))
        ]
        if not re.fullmatch(r"db\.(t(3|4g)|[mrx]\d+[a-z]*)\.(micro|small|medium|\d*x?large)", name):
            yield f"{database.name}: {name!r} is no instance class"
        in_global = any(cluster.properties.get("GlobalClusterIdentifier") for cluster in clusters)
        if in_global and not re.fullmatch(r"db\.(r([5-9]|\d\d)|x\d)[a-z]*\.\d*x?large", name):
            yield f"{database.name}: a global database takes memory-optimised classes only, not {name!r}"


@rule(*BOTH)
def changes_wait_in_production(declaration: Declaration) -> Iterator[str]:
    """Find databases whose changes wait outside of production, where nobody would notice, or do not wait in it.

    Without the argument Terraform's provider has them wait, and CloudFormation makes them at once.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html
    """
    wanted = declaration.environment != "production"
    for database in databases(declaration):
        found = database.properties.get("ApplyImmediately", database.options.get("apply_immediately"))
        known = database.type == "AWS::RDS::DBInstance" or declaration.tool != "cdk"  # no property of CDK's clusters
        if known and found is not wanted:
            yield f"{database.name}: ApplyImmediately is {found}: {wanted} in {declaration.environment}"


@rule(*BOTH)
def windows(declaration: Declaration) -> Iterator[str]:
    """Find maintenance and backup windows of another form, shorter than half an hour, or over each other.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    """
    for database in databases(declaration):
        week = database.properties.get("PreferredMaintenanceWindow")
        day = database.properties.get("PreferredBackupWindow")
        maintained = _minutes(str(week), rf"({'|'.join(DAYS)}):(\d\d):(\d\d)") if week else None
        backed_up = _minutes(str(day), r"()(\d\d):(\d\d)") if day else None
        for key, text, found in (("maintenance", week, maintained), ("backup", day, backed_up)):
            if text and not (found and SHORTEST <= found[1] <= DAY):
                yield f"{database.name}: the {key} window {text!r} is none of half an hour to a day"
        if maintained and backed_up:
            times = {(maintained[0] + minute) % DAY for minute in range(maintained[1])}
            if times & {(backed_up[0] + minute) % DAY for minute in range(backed_up[1])}:
                yield f"{database.name}: the windows {week} and {day} overlap"


def _minutes(text: str, form: str) -> tuple[int, int] | None:
    """Return when a window begins and how long it is, in minutes; nothing when it is not of the form."""
    found = re.fullmatch(f"{form}-{form}", text)
    if not found:
        return None
    first, second = found.groups()[:3], found.groups()[3:]
    ends = []
    for name, hours, minutes in (first, second):
        if int(hours) > 23 or int(minutes) > 59:
            return None
        ends.append((DAYS.index(name) * DAY if name else 0) + int(hours) * 60 + int(minutes))
    return ends[0], (ends[1] - ends[0]) % (7 * DAY if first[0] else DAY)


@rule(*BOTH)
def exported_logs(declaration: Declaration) -> Iterator[str]:
    """Find exports that the engine does not have, and those without a log group that ends.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html
    """
    kinds = {
        "AWS::RDS::DBInstance": ("instance", {"postgresql", "upgrade"}),
        "AWS::RDS::DBCluster": ("cluster", {"postgresql"}),
    }
    for database in databases(declaration):
        if database.type == "AWS::RDS::DBInstance" and database.properties.get("DBClusterIdentifier"):
            continue
        word, known = kinds[database.type]
        exports = {str(name) for name in listed(database.properties.get("EnableCloudwatchLogsExports"))}
        identifier = database.properties.get("DBInstanceIdentifier" if word == "instance" else "DBClusterIdentifier")
        if not exports or exports - known:
            yield f"{database.name}: exports {sorted(exports)} of {sorted(known)}"
        groups = {
            str(g.properties.get("LogGroupName"))
            for g in declaration.of("AWS::Logs::LogGroup")
            if g.region == database.region
        }
        for name in exports:
            if f"/aws/rds/{word}/{identifier}/{name}" not in groups:
                yield f"{database.name}: RDS would make the log group of {name}, without an end or a key"


@rule("AWS::RDS::DBInstance", environments=frozenset({"staging", "production"}))
def single_zones(declaration: Declaration) -> Iterator[str]:
    """Find databases that the loss of a zone would stop."""
    members: dict[str, list[Resource]] = {}
    for instance in declaration.of("AWS::RDS::DBInstance"):
        clusters = declaration.referred(instance.properties.get("DBClusterIdentifier", ""))
        if not clusters and instance.properties.get("MultiAZ") is not True:
            yield f"{instance.name}: MultiAZ is {instance.properties.get('MultiAZ')}"
        for cluster, _attribute in clusters:
            members.setdefault(cluster.name, []).append(instance)
    for name, instances in members.items():
        # Below production the other region is what a global database fails over to.
        if declaration.environment != "production" and declaration.get(name).properties.get("GlobalClusterIdentifier"):
            continue
        for instance in instances:
            zone = str(instance.properties.get("AvailabilityZone", instance.region))
            if not zone.startswith(instance.region):
                yield f"{instance.name}: the zone {zone!r} is not in {instance.region}"
        named = [str(i.properties["AvailabilityZone"]) for i in instances if i.properties.get("AvailabilityZone")]
        if len(instances) < 2 or len(set(named)) != len(named):
            yield f"{name}: {len(instances)} instances in the zones {named}"
