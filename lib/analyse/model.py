"""What collectors yield, and what checks make of it. Plain data: nothing here asks AWS or reads a clock."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from lib.analyse.sensitive_ports import DEFAULT, Ports
from lib.common.json_types import JsonMapping

UNKNOWN, EVERY = "unknown", "*"  # accounts, regions and collectors of a gap
SEVERITIES = ("info", "low", "medium", "high", "critical")


def rank(severity: str) -> int:
    """Return the rank of a severity, 0 the least severe."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True, slots=True)
class Volume:
    """An EBS volume; size in GiB, throughput in MiB/s. ``snapshot_at`` is the start of its newest completed snapshot.

    ``snapshots_read`` is False when the snapshots could not be read: the volume may have one.
    ``detached_at`` is known only when CloudTrail was asked and remembers (90 days).
    """

    id: str
    zone: str
    type: str
    size: int
    created_at: datetime
    iops: int | None = None
    throughput: int | None = None
    outpost: str | None = None
    encrypted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    snapshot_at: datetime | None = None
    detached_at: datetime | None = None
    snapshots_read: bool = True


@dataclass(frozen=True, slots=True)
class StoppedInstance:
    """An EC2 instance in state ``stopped``; ``stopped_at`` is None where its transition reason has no time."""

    id: str
    launched_at: datetime
    stopped_at: datetime | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class StoppedVolume:
    """An EBS volume that is attached to stopped instances only."""

    volume: Volume
    instances: tuple[StoppedInstance, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """An Elastic IP address that is associated with nothing.

    ``pool`` is ``amazon``, the address pool that it is from, or empty for one that is the customer's own on an Outpost.
    """

    id: str
    address: str
    pool: str
    border_group: str
    managed_by: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:  # pylint: disable=too-many-instance-attributes  # what AWS says of it, and what refers to it
    """A completed EBS snapshot of the account; ``size`` is its volume's in GiB, ``full_bytes`` all that it holds.

    ``volume_exists`` is None for a copy, whose volume's id means nothing. ``images`` are the AMIs that are made of it,
    None when they could not be read. ``newest`` and ``alone`` say that its volume has no later, or no other, snapshot.
    """

    id: str
    volume: str
    size: int
    started_at: datetime
    full_bytes: int | None = None
    tier: str = "standard"
    zone: str = ""
    outpost: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    volume_exists: bool | None = None
    images: tuple[str, ...] | None = ()
    newest: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One ingress rule: its source is a CIDR, or a prefix list with its entries (None when they cannot be read)."""

    id: str
    protocol: str
    from_port: int | None
    to_port: int | None
    source: str
    cidrs: tuple[str, ...] | None
    description: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group, its ingress rules from addresses, and the network interfaces that use it.

    ``users`` is None when the interfaces could not be read.
    """

    id: str
    name: str
    vpc: str
    rules: tuple[Rule, ...] = ()
    users: int | None = 0
    used_by: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A CloudWatch log group; ``streams`` is None when they were not counted, ``retention`` None forever.

    ``ingested`` are the bytes of 30 days that CloudWatch counted, None when it was not asked or cannot tell.
    """

    name: str
    arn: str
    stored: int
    created_at: datetime
    retention: int | None = None
    log_class: str = "STANDARD"
    streams: int | None = None
    ingested: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StorageTier:
    """The storage tier that an account has chosen for its logs in a region; empty where it has chosen none."""

    tier: str
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs a month, or None and the reason why there is no price; ``parts`` say how the sum is made.

    ``currency`` is US dollars but in China. There is no exchange rate here: ``usd`` is None for other currencies.
    """

    monthly: Decimal | None
    reason: str = ""
    parts: Mapping[str, Decimal] = field(default_factory=dict)
    currency: str = "USD"

    @property
    def usd(self) -> Decimal | None:
        """US dollars a month, when that is known."""
        return self.monthly if self.currency == "USD" else None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found about one resource.

    ``id`` is the resource's (or the rule's), ``type`` a kind within the check, ``estimate`` says that ``cost`` is one.
    """

    id: str
    arn: str
    type: str
    severity: str
    title: str
    tags: Mapping[str, str] = field(default_factory=dict)
    cost: Cost | None = None
    estimate: bool = False
    details: JsonMapping = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What a check may know beside the resource: where it is, what things cost, what time it is, what was asked."""

    account: str
    region: str
    partition: str
    now: datetime
    prices: Any  # the table; its module needs this one
    attached_only: bool = False
    older_than: int = 0  # days
    old_snapshot: int = 365  # days
    retention: int = 365  # days, of logs
    sensitive_ports: Ports = field(default_factory=lambda: DEFAULT)

    def arn(self, service: str, rest: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"

    def days(self, since: datetime) -> int:
        """Return the whole days since then, never fewer than none."""
        return max(0, (self.now - since).days)


@dataclass(frozen=True)
class Check:
    """A rule about what one collector yields. ``judge`` is pure: the same resource and context, the same findings.

    ``default`` is False for a check that runs only when it is named. ``prices`` are those that it cannot do without, as
    section and name in the price table: a region that lacks one gets a notice instead of findings.
    ``description`` says in a sentence or two what is a finding (by default the title alone). ``security`` is True when
    findings are exposures, and False when they are costs: reports for security tools tell the two apart.
    """

    id: str
    title: str
    collector: str
    advice: str
    evaluate: Callable[[Any, Context], Iterator[Finding]]
    default: bool = True
    prices: tuple[tuple[str, str], ...] = ()
    description: str = ""
    security: bool = False


@dataclass(frozen=True)
class Collector:
    """Reads one kind of resource in one region. ``actions`` are the IAM actions of the calls that it can make.

    ``optional`` are actions that it makes only when an option asks for them, by the option's name.
    """

    name: str
    actions: tuple[str, ...]
    collect: Callable[[Any, Any], Iterator[Any]]
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class WorkItem:
    """The smallest piece of work that can be left undone: one collector in one region of one account."""

    account: str
    region: str
    collector: str
