"""A key for each kind of data: the database, the audit trail, operations; and one for the hashes of callers' keys."""

import pulumi

from lib.payment.settings import Settings
from lib.pulumi_components.keys import stack_keys
from lib.pulumi_components.policies import AwsContext

PURPOSES = {
    "database": "the database, its password and its insights",
    "audit": "the audit trail",
    "operations": "logs, queues and alarm messages",
}


class Keys(pulumi.ComponentResource):
    """The stack's own keys."""

    def __init__(self, name: str, *, settings: Settings, context: AwsContext, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:payment:Keys", name, {}, opts)
        own, protected = pulumi.ResourceOptions(parent=self), settings.deletion_protection
        keys, self.hashes = stack_keys(settings, context, PURPOSES, protected=protected, opts=own)
        self.database, self.audit, self.operations = (keys[part] for part in PURPOSES)
        self.register_outputs({})
