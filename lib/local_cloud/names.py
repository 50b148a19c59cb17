"""Names that the parts of the local cloud agree on."""

HOST = "127.0.0.1"
# The other region's database: a port is there once at each address, and Linux has all of 127.0.0.0/8.
OTHER_HOST = "127.0.0.2"
# The name that RDS gives to the secret of a password that it manages, with an id of its own at the end.
SECRET = "rds!db-{identifier}"  # noqa: S105  # the form of a name
# Where a Pulumi resource type is taught to the local cloud; errors name it.
ENTRIES = "lib/local_cloud/pulumi/in_process/resource_types"
