"""The removal of what the in-process way made, in the reverse order of its making."""

from collections.abc import Callable, Sequence

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi.in_process import create
from lib.local_cloud.pulumi.in_process.clients import Clients
from lib.local_cloud.pulumi.in_process.resource_types import RESOURCE_TYPES
from lib.local_cloud.pulumi.in_process.state import StackState

Report = Callable[[str], None]


def remove(state: StackState, clients: Clients, urns: Sequence[str], report: Report) -> None:
    """Remove resources, the last one made first, each as soon as those that use it are gone.

    Raises:
        LocalCloudError: naming every resource that could not be removed; the others are.
    """
    failures = []
    chosen = set(urns)
    for urn in [each for each in reversed(state.records) if each in chosen]:
        record = state.records[urn]
        try:
            create.delete(RESOURCE_TYPES[record.type], clients, record)
        except LocalCloudError as error:
            failures.append(str(error))
            continue
        state.remove(urn)
        report(f"{len(state.records)} {record.type.split(':')[-1]} {record.title} deleted")
    if failures:
        raise LocalCloudError("\n".join(failures))
