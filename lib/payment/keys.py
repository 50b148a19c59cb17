"""A key for each kind of data: the database, the audit trail, operations; and one for the hashes of callers' keys."""

import pulumi

from lib.common.iam_statements import key_kept
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
        # What is locked in the audit bucket can be read for as long as there is its key.
        more = {"audit": [key_kept(settings.break_glass_role)]} if protected else {}
        keys, self.hashes = stack_keys(settings, context, PURPOSES, protected=protected, opts=own, more=more)
        self.database, self.audit, self.operations = (keys[part] for part in PURPOSES)
        self.register_outputs({})
