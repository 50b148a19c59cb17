"""What stays after a destroy, as the program declares it: a document's table, for each environment."""

from collections.abc import Callable, Iterable, Mapping

from lib.common.setting_types import ENVIRONMENTS
from lib.declared.model import Declaration, Resource
from tests.policy.arns import KMS_KEYS
from tests.policy.cases import Case, declared

HEAD = ("stays after a destroy", *(f"`{environment}`" for environment in ENVIRONMENTS))
DATABASES = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")


def _count(found: Iterable[Resource], what: str) -> str:
    number = len(list(found))
    return f"{number}{f', {what}' if what else ''}" if number else ""


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts)) or "none"


def _keys(declaration: Declaration) -> str:
    keys = [key for kind in KMS_KEYS for key in declaration.of(kind)]
    waiting = [key for key in keys if not key.retained]
    days = sorted({str(key.at("PendingWindowInDays")) for key in waiting})
    return _joined(
        _count((key for key in keys if key.retained), ""), _count(waiting, f"deleted after {' or '.join(days)} days")
    )


def _buckets(declaration: Declaration) -> str:
    buckets = declaration.of("AWS::S3::Bucket")
    full = [one for one in buckets if not one.retained and one.options.get("force_destroy") is not True]
    return _joined(_count((one for one in buckets if one.retained), ""), _count(full, "each until somebody empties it"))


def _streams(declaration: Declaration) -> str:
    return _joined(_count((one for one in declaration.of("AWS::Kinesis::Stream") if one.retained), ""))


def _databases(declaration: Declaration) -> list[Resource]:
    """Return what has backups of its own: clusters, and instances that are in none."""
    found = (one for kind in DATABASES for one in declaration.of(kind))
    return [one for one in found if not (one.type.endswith("Instance") and one.at("DBClusterIdentifier"))]


def _snapshots(declaration: Declaration) -> str:
    kept = (
        one
        for one in _databases(declaration)
        if one.options.get("DeletionPolicy", "") == "Snapshot" or one.options.get("skip_final_snapshot") is False
    )
    return _joined(_count(kept, ""))


def _backups(declaration: Declaration) -> str:
    kept = [one for one in _databases(declaration) if one.at("DeleteAutomatedBackups") is False]
    days = sorted({str(one.at("BackupRetentionPeriod")) for one in kept})
    return _joined(_count(kept, f"for {' or '.join(days)} days"))


def _secrets(declaration: Declaration) -> str:
    kept = [one for one in declaration.of("AWS::SecretsManager::Secret") if one.options.get("recovery_window_in_days")]
    return _joined(_count(kept, f"for {kept[0].options['recovery_window_in_days']} days" if kept else ""))


def _images(declaration: Declaration) -> str:
    full = (one for one in declaration.of("AWS::ECR::Repository") if one.at("EmptyOnDelete") is not True)
    return _joined(_count(full, "until somebody empties it"))


def _metrics(declaration: Declaration) -> str:
    found = {one.region for kind in DATABASES for one in declaration.of(kind) if one.at("MonitoringInterval")}
    return f"{len(found)}, the region's, of all its databases" if found else "none"


ROWS: Mapping[str, Callable[[Declaration], str]] = {
    "KMS keys": _keys,
    "buckets": _buckets,
    "streams": _streams,
    "final snapshots": _snapshots,
    "automated backups": _backups,
    "secrets": _secrets,
    "image repositories": _images,
    "log group `RDSOSMetrics`": _metrics,
}


def rows(system: str) -> list[list[str]]:
    """Return what stays of a system, a row each; what no environment leaves behind is left out."""
    cases = [declared(Case(system, environment)) for environment in ENVIRONMENTS]
    found = [[label, *(value(case) for case in cases)] for label, value in ROWS.items()]
    return [row for row in found if set(row[1:]) != {"none"}]
