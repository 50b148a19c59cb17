"""A key for each kind of data: the database, operations; and one for the hashes of callers' keys."""

import pulumi

from lib.flask_api.settings import Settings
from lib.pulumi_components.keys import administration, customer_key, hash_key, operations
from lib.pulumi_components.policies import AwsContext

PURPOSES = {"database": "the database, its password and its insights", "operations": "logs and alarm messages"}


class Keys(pulumi.ComponentResource):
    """The stack's own keys."""

    def __init__(self, name: str, *, settings: Settings, context: AwsContext, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Keys", name, {}, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.database, self.operations = (
            customer_key(
                part,
                alias=settings.name("key_alias", part),
                purpose=f"{settings.name('service')}: {purpose}",
                retain_data=settings.retain_data,
                protected=settings.deletion_protection,
                policy=[administration(context), *(operations(context) if part == "operations" else [])],
                opts=own,
            )
            for part, purpose in PURPOSES.items()
        )
        self.hashes = hash_key(
            "hashes",
            alias=settings.name("key_alias", "hashes"),
            purpose=f"{settings.name('service')}: hashes of idempotency keys",
            retain_data=settings.retain_data,
            protected=settings.deletion_protection,
            policy=[administration(context)],
            opts=own,
        )
        self.register_outputs({})
