"""How one resource of a Pulumi program is made and removed by the AWS API: what an entry of the tables can say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.pulumi.in_process.state import identity

if TYPE_CHECKING:
    from lib.local_cloud.pulumi.in_process.resource_operation import Act

Inputs = Mapping[str, Any]
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: a function runs for 15 minutes at most
PATIENT = Config(read_timeout=900, retries={"total_max_attempts": 1})
Maker = Callable[[str], Any]  # of clients, by service


class Clients:
    """The cloud's boto3 clients, one for each service and region, for any thread."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud, self._made, self._lock = cloud, dict[tuple[str, str, bool, bool], Any](), Lock()

    def client(self, service: str, region: str, *, moto: bool = False, patient: bool = False) -> Any:
        """Return a client.

        Args:
            service: boto3's name of it.
            region: where.
            moto: of moto, even for what the emulator has.
            patient: one that waits as long as a function may run, and asks once.
        """
        chosen = (service, region, moto, patient)
        with self._lock:
            if chosen not in self._made:
                self._made[chosen] = self._cloud.client(service, region, moto=moto, config=PATIENT if patient else None)
            return self._made[chosen]

    def server(self, service: str) -> str:
        """Return which run of which emulator keeps a service's resources."""
        return identity(self._cloud.server(service))


@dataclass(frozen=True)
class Step:
    """A further call that a resource needs once it is there.

    Args:
        inputs: the inputs that it takes; without any of them it is left out.
        run: makes the call.
        always: make it in any case.
    """

    inputs: tuple[str, ...]
    run: Callable[["Act"], None]
    always: bool = False


@dataclass(frozen=True)
class Kind:  # pylint: disable=too-many-instance-attributes  # the columns of a table
    """One entry: a Pulumi resource type in terms of the AWS API.

    A *path* names a value: of the answer (``Endpoint.Address``), else of the creating call's parameters, else
    of the program's inputs; or it is a pattern of such (``arn:{partition}:s3:::{Bucket}``). ``id``, ``region``,
    ``account`` and ``partition`` are known too.

    Args:
        service: boto3's name of the service.
        create: the operation that makes it, or a function for what takes more than one.
        key: what Pulumi calls the resource's id: a path, or a function.
        answer: where in the operation's answer the resource is described.
        delete: the operation that removes it; '' where it goes with another resource.
        by: that operation's parameters: paths, other constants, or functions of the :class:`Act`. Names and ids,
            no content: the ledger keeps them as they are.
        undo: what to do before ``delete``, with a maker of clients and ``by``'s values (those with _ are for it alone).
        name: the input that Pulumi fills with the logical name and seven random digits where it is missing.
        rename: inputs whose API name differs by more than its spelling; dots lead
            into structures, and a name after a dot is one at any depth.
        adapt: changes the inputs where a name is not enough.
        attributes: inputs that go into the operation's map ``Attributes``, with their names there.
        into: the structure among the operation's parameters that takes every input which is no parameter itself.
        given: parameters, unless the program gives others.
        uses: the inputs that a ``create`` function takes.
        steps: see :class:`Step`.
        outputs: Pulumi's outputs beyond the inputs: paths, or functions of the :class:`Act`.
        secret: the outputs that are secret.
        tag_type: the resource type in EC2's tag specifications.
        tag: makes a call of its own for the tags.
        tagged: a ``create`` function sees to the tags itself.
        at_deletion: inputs that only ``by`` reads.
        ignored: inputs that are Pulumi's own business here, with the reason.
        cannot: inputs that the emulator cannot take, with the reason, which the user is shown.
        lost: inputs that the emulator takes and does not keep, dots leading to nested ones; shown too.
        absent: why the emulator cannot have the resource at all: its inputs are checked, and nothing is made.
        instead: inputs (dots as above) for which this entry does something of its own: what, why; shown too.
    """

    service: str
    create: str | Callable[["Act"], Any]
    key: str | Callable[["Act"], str] = ""
    answer: str = ""
    delete: str = ""
    by: Mapping[str, Any] = field(default_factory=dict)
    undo: Callable[[Maker, Inputs], None] | None = None
    name: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    adapt: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    into: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    secret: tuple[str, ...] = ()
    tag_type: str = ""
    tag: Callable[["Act"], None] | None = None
    tagged: bool = False
    at_deletion: tuple[str, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    cannot: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    absent: str = ""
    instead: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def handled(self) -> set[str]:
        """Return the inputs that the creating operation does not take by itself."""
        steps = (name for step in self.steps for name in step.inputs)
        return {*self.uses, *self.attributes, *self.at_deletion, *self.ignored, *self.cannot, *steps}
