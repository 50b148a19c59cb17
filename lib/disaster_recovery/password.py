"""The database's password: made by AWS, kept in Secrets Manager, in no plan and in no state.

RDS itself would make and rotate one (``manage_master_user_password``), but refuses that for a global database.
"""

import json

from cdktf import TerraformStack
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret, SecretsmanagerSecretReplica
from cdktf_cdktf_provider_aws.secretsmanager_secret_version import SecretsmanagerSecretVersion
from constructs import Construct

from lib.common import passwords
from lib.common.acknowledged import Acknowledged
from lib.disaster_recovery.aws_context import AwsContext

MASTER_USER = "payments_admin"  # "admin" is reserved by PostgreSQL on RDS
LENGTH = 32
# Legal, and yet they break JSON, shells or connection strings.
AWKWARD = "'\\$`{}"
# Secrets Manager gives a deleted secret back for so long; without it a name can be used again at once.
KEPT_DAYS, LOST_DAYS = 30, 0
ACKNOWLEDGED = (
    Acknowledged(
        "CKV2_AWS_57",
        "aws_secretsmanager_secret.password_secret",
        "RDS refuses to manage, and so to rotate, the password of a global database's members; PASSWORD_VERSION "
        "makes a new one. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html",
    ),
)


class Password(Construct):
    """A secret in both regions, and where the cluster takes the password from.

    Terraform makes a new password in every run (``ephemeral``) and throws it away, unless the secret's version is due:
    then it goes into the secret, through an argument that is written and never read back. The cluster takes it from
    the secret, in the same run or in a later one: were it given the new password directly, a run that fails between the
    two would leave a secret that does not open the database.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: AwsContext,
        key: KmsKey,
        replica: AwsContext,
        replica_key: KmsKey,
    ) -> None:
        super().__init__(scope, construct_id)
        settings, retain_data = context.settings, context.settings.retain_data
        self.settings = settings
        self.secret = SecretsmanagerSecret(
            self,
            "secret",
            name=settings.name("secret", "database"),
            description="Master user of the global database",
            kms_key_id=key.arn,
            recovery_window_in_days=KEPT_DAYS if retain_data else LOST_DAYS,
            # Who takes over in the other region needs it there, when this region cannot be asked.
            lifecycle=context.protected(),
            replica=[SecretsmanagerSecretReplica(region=replica.region, kms_key_id=replica_key.arn)],
            **context.own("database"),
        )
        generated = _ephemeral(
            self,
            "aws_secretsmanager_random_password",
            "made",
            {
                "provider": context.provider.fqn,
                "password_length": LENGTH,
                "exclude_characters": passwords.EXCLUDED + AWKWARD,
                "require_each_included_type": True,
            },
        )
        content = {"engine": "postgres", "port": settings.database_port, "dbname": settings.database_name}
        fields = {**content, "username": MASTER_USER, "password": f"{generated}.random_password"}
        stored = SecretsmanagerSecretVersion(
            self,
            "version",
            secret_id=self.secret.id,
            secret_string_wo=_jsonencode(fields),
            secret_string_wo_version=settings.password_version,
            provider=context.provider,
        )
        kept = _ephemeral(
            self,
            "aws_secretsmanager_secret_version",
            "kept",
            # By way of the version, so that it is read after it is written.
            {"provider": context.provider.fqn, "secret_id": stored.secret_id},
        )
        self.value = f'${{jsondecode({kept}.secret_string)["password"]}}'


def _ephemeral(scope: Construct, kind: str, name: str, arguments: dict[str, object]) -> str:
    """Declare an ephemeral resource, for which the bindings have no class, and return its address."""
    TerraformStack.of(scope).add_override(f"ephemeral.{kind}.{name}", arguments)
    return f"ephemeral.{kind}.{name}"


def _jsonencode(fields: dict[str, object]) -> str:
    """Return Terraform's expression for JSON, in which the password is an address and everything else is a value."""
    parts = [f"{key} = {value if key == 'password' else json.dumps(value)}" for key, value in fields.items()]
    return f"${{jsonencode({{{', '.join(parts)}}})}}"
