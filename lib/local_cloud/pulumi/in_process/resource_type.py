"""How a Pulumi resource type is made and removed by the AWS API: its entry, and the making of one resource."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lib.common import region as regions
from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.local_cloud.cloud import ACCOUNT
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import ENTRIES
from lib.local_cloud.pulumi.in_process.clients import Clients, Maker
from lib.local_cloud.pulumi.in_process.translate import Untranslatable, plain_name, translate
from lib.local_cloud.pulumi.in_process.values import MASK

Inputs = JsonMapping


@dataclass(frozen=True)
class Step:
    """A further call that a resource needs once it is there.

    Args:
        inputs: the inputs that it takes; without any of them it is left out.
        run: makes the call.
        always: make it in any case.
    """

    inputs: tuple[str, ...]
    run: Callable[["ResourceOperation"], None]
    always: bool = False


@dataclass(frozen=True)
class ResourceType:  # pylint: disable=too-many-instance-attributes  # the columns of a table
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
        by: that operation's parameters: paths, other constants, or functions of the operation. Names and ids, no
            content: the state keeps them as they are.
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
        outputs: Pulumi's outputs beyond the inputs: paths, or functions of the :class:`ResourceOperation`.
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
    create: str | Callable[["ResourceOperation"], JsonValue]
    key: str | Callable[["ResourceOperation"], str] = ""
    answer: str = ""
    delete: str = ""
    by: JsonMapping = field(default_factory=dict)
    undo: Callable[[Maker, Inputs], None] | None = None
    name: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    adapt: Callable[[JsonObject], JsonObject] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    into: str = ""
    given: JsonMapping = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    outputs: JsonMapping = field(default_factory=dict)
    secret: tuple[str, ...] = ()
    tag_type: str = ""
    tag: Callable[["ResourceOperation"], None] | None = None
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


@dataclass
class ResourceOperation:
    """The making of one resource.

    Args:
        kind: the entry.
        token: the Pulumi type, for messages.
        title: the logical name.
        inputs: what the program gives, secrets unwrapped.
        tags: the resource's tags over the provider's default tags.
        region: where.
        clients: the cloud.
        hidden: the texts of the secret inputs, which no message repeats.
    """

    kind: ResourceType
    token: str
    title: str
    inputs: JsonObject
    tags: dict[str, str]
    region: str
    clients: Clients
    hidden: tuple[str, ...] = ()
    answer: JsonObject = field(default_factory=dict)
    parameters: JsonObject = field(default_factory=dict)
    id: str = ""

    @property
    def client(self) -> JsonValue:
        """The service's client in the resource's region."""
        return self.clients.client(self.kind.service, self.region)

    def error(self, text: str) -> LocalCloudError:
        """Return an error that names the resource."""
        for word in self.hidden:
            text = text.replace(word, MASK)
        return LocalCloudError(f"{self.token} {self.title!r}: {text}")

    def shape(self, operation: str) -> JsonValue:
        """Return botocore's description of what an operation takes."""
        return input_shape(self.client, operation)

    def translated(self, operation: str, names: set[str] | None = None, rename: Inputs | None = None) -> JsonObject:
        """Return inputs as an operation takes them.

        Args:
            operation: boto3's name of it.
            names: which inputs; None for all.
            rename: the API's names; None for the entry's.

        Raises:
            LocalCloudError: an input that the operation does not take.
        """
        chosen = {name: value for name, value in self.inputs.items() if names is None or name in names}
        if operation == self.kind.create:
            chosen = self._arranged(self.kind.adapt(chosen) if self.kind.adapt else chosen)
        try:
            translated = translate(self.shape(operation), chosen, self.kind.rename if rename is None else rename)
        except Untranslatable as wrong:
            raise self.error(
                f"{wrong}, for {operation}. Complete its entry in {ENTRIES}, or name the "
                "input there as ignored, with the reason."
            ) from wrong
        return dict(translated)

    def _arranged(self, inputs: JsonObject) -> JsonObject:
        """Return the inputs where the creating operation has them: some go into structures."""
        top = {plain_name(name) for name in self.shape(str(self.kind.create)).members}
        result: JsonObject = {}
        for name, value in inputs.items():
            to = self.kind.rename.get(name, name)
            inside = self.kind.into if self.kind.into and plain_name(to) not in top else ""
            *above, last = [*inside.split("."), name] if inside else to.split(".") if "." in to else [name]
            node = result
            for step in above:
                node = node.setdefault(step, {})
            node[last] = {**node.get(last, {}), **value} if isinstance(value, dict) else value
        return result

    def call(self, operation: str, **parameters: JsonValue) -> JsonObject:
        """Call an operation and return its answer."""
        answer = getattr(self.client, operation)(**parameters)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def find(self, path: str) -> JsonValue:
        """Return the value of a path, or None; see :class:`ResourceType`."""
        if "{" in path:
            return path.format_map(_Pattern(self))
        known = {"id": self.id, "region": self.region, "account": ACCOUNT, "partition": regions.partition(self.region)}
        if known.get(path):
            return known[path]
        for source in (self.answer, self.parameters, self.inputs):
            value: JsonValue = source
            for name in path.split("."):
                value = _below(value, name)
            if value is not None:
                return value
        return None

    def value(self, source: JsonValue) -> JsonValue:
        """Return what an entry says: a path's value, a function's result, or the constant itself."""
        if isinstance(source, str):
            return self.find(source)
        return source(self) if callable(source) else source

    def handle(self) -> JsonObject:
        """Return the parameters of the deletion."""
        handle = {name: self.value(source) for name, source in self.kind.by.items()}
        return {name: value for name, value in handle.items() if value is not None}

    def outputs(self) -> JsonObject:
        """Return what the program can read beyond its own inputs."""
        outputs = {name: self.value(source) for name, source in self.kind.outputs.items()}
        result = {name: value for name, value in outputs.items() if value is not None}
        if self.kind.name:
            result[self.kind.name] = self.inputs[self.kind.name]
        return {**result, "tagsAll": self.tags, "region": self.region}


def _below(value: JsonValue, name: str) -> JsonValue:
    if isinstance(value, list):
        return value[int(name)] if len(value) > int(name) else None
    return value.get(name) if isinstance(value, dict) else None


class _Pattern(JsonObject):
    """A path's values, for :meth:`str.format_map`."""

    def __init__(self, operation: ResourceOperation) -> None:
        super().__init__()
        self._act = operation

    def __missing__(self, path: str) -> JsonValue:
        value = self._act.find(path)
        if value is None:
            raise self._act.error(f"its entry reads {path!r}, which neither the answer nor the inputs have.")
        return value


def input_shape(client: JsonValue, operation: str) -> JsonValue:
    """Return botocore's description of what an operation of a client takes."""
    return client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape


def tag_member(shape: JsonValue) -> str | None:
    """Return where a structure of the API takes tags, or None."""
    return next((name for name in shape.members if plain_name(name) == "tags"), None)


def tags_for(shape: JsonValue, tags: Mapping[str, str], tag_type: str) -> JsonObject:
    """Return the parameters that carry tags: a map, a list of pairs, or EC2's specifications; {} if none can."""
    if tag_type:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        return {"TagSpecifications": [{"ResourceType": tag_type, "Tags": pairs}]}
    name = tag_member(shape)
    if name is None:
        return {}
    if shape.members[name].type_name == "map":
        return {name: dict(tags)}
    key, value = sorted(shape.members[name].member.members)  # Key and Value, TagKey and TagValue, key and value
    return {name: [{key: text, value: tags[text]} for text in tags]}
