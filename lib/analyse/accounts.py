"""Which accounts a run looks at, and in which regions: its own, those of roles, or all of an organization."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from lib.analyse import aws, errors
from lib.analyse.checkpoint import Coverage
from lib.analyse.model import EVERY, UNKNOWN
from lib.analyse.options import Options
from lib.analyse.region_client import RegionClient
from lib.analyse.suppressions import Suppressions
from lib.common import region as regions
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping

THREADS = 8  # that assume roles


def organization(account: aws.Account, region: str) -> list[JsonMapping]:
    """Return the accounts of the organization; only its management account or a delegated administrator may ask.

    ``State`` is missing in some answers, and ``Status`` has no future:
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html

    Raises:
        BotoCoreError, ClientError, UnusableAnswer: they cannot be listed.
        Stopped: the run was interrupted.
    """
    client, fields = RegionClient(account, region, account.stop), ("Id", "Name", "State", "Status")
    pages = client.pages("organizations", "list_accounts", "Accounts", fields, MaxResults=20)
    return [{**row, "State": row.get("State") or row["Status"]} for page in pages for row in page]


@dataclass(frozen=True)
class Target:
    """An account to look at: by a role, or (None) with the credentials at hand."""

    account: str
    role: str | None = None


@dataclass
class Plan:  # pylint: disable=too-many-instance-attributes  # what was found out
    """What there is to look at, as far as it can be found out; what cannot is in ``gaps``.

    ``check_own`` is called with the account of the credentials at hand. ``regions`` holds the regions of each account,
    ``names`` the names of those accounts whose name is known, ``sentences`` what a reader should know.
    """

    options: Options
    stop: threading.Event
    check_own: Callable[[str], object]
    suppressions: Suppressions = field(default_factory=Suppressions)
    opened: list[aws.Account] = field(default_factory=list)
    regions: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    gaps: list[Coverage] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    _off: dict[str, list[str]] = field(default_factory=dict)
    _base: aws.Account | None = None

    @property
    def first(self) -> str:
        """The region that is asked who and what there is; of all regions one that every account has on."""
        first = self.options.regions[0]
        return regions.global_region(first) if self.options.all_regions else first

    def make(self) -> None:
        """Find out which accounts and regions there are.

        Raises:
            SettingError: there are no credentials, or ``check_own`` refuses them.
        """
        targets = self._targets()
        with ThreadPoolExecutor(THREADS, "accounts") as pool:
            for outcome in pool.map(self._open, targets):
                if isinstance(outcome, Coverage):
                    self.gaps.append(outcome)
                else:
                    self.regions.update(outcome)
        self.sentences += [
            f"Not switched on in {', '.join(sorted(accounts))}, and not looked at: {off}."
            for off, accounts in sorted(self._off.items())
        ]
        if self.options.skip_regions:
            self.sentences.append(f"Left out by --skip-region: {', '.join(self.options.skip_regions)}.")
        self._tell_other_region()

    def close(self) -> None:
        """Close every connection."""
        for account in self.opened:
            account.close()

    def _gap(self, account: str, reason: str) -> Coverage:
        where = EVERY if self.options.all_regions else ",".join(self.options.regions)
        return Coverage(account, where, EVERY, reason=reason)

    def _targets(self) -> Sequence[Target]:
        if self.options.organization is None:
            return [Target(aws.role_account(role), role) for role in self.options.roles] or [Target(UNKNOWN)]
        try:
            self._base = self._account(Target(UNKNOWN))
            self.opened.append(self._base)
            self.check_own(self._base.id)
            rows = organization(self._base, regions.global_region(self.first))
        except errors.endings() as error:
            self.gaps.append(self._gap(EVERY, f"the organization's accounts are not known: {errors.sentence(error)}"))
            return [Target(self._base.id)] if self._base else []
        self.names |= {row["Id"]: row["Name"] for row in rows if row.get("Name")}
        self.sentences += [
            f"Not looked at: {self.label(row['Id'])} of the organization is {row['State']}."
            for row in rows
            if row["State"] != "ACTIVE"
        ]
        arn = f"arn:{regions.partition(self.first)}:iam::{{}}:role/{self.options.organization}"
        active = [row["Id"] for row in rows if row["State"] == "ACTIVE"]
        return [Target(name, None if name == self._base.id else arn.format(name)) for name in active]

    def label(self, account: str) -> str:
        """Return an account's number, with its name where that is known."""
        return f"{self.names[account]} ({account})" if account in self.names else account

    def _open(self, target: Target) -> dict[str, list[str]] | Coverage:
        """Return an account's regions, by its number, or the gap that it is."""
        number = target.account
        try:
            account = self._account(target)
            if account is not self._base:
                self.opened.append(account)
            if target.role is None and account is not self._base:
                self.check_own(account.id)
            number, names = account.id, list(self.options.regions)
            if self.options.all_regions:
                names, off = aws.account_regions(account, self.first)
                if off:
                    self._off.setdefault(", ".join(off), []).append(number)
        except errors.endings() as error:
            gap = self._gap(number, errors.sentence(error))
            denied = self._base is not None and errors.kind(error) == "denied"
            entry = self.suppressions.accepted("account", number) if denied else None
            gap.accepted = entry.public() if entry else None
            return gap
        left = [name for name in names if name not in self.options.skip_regions]
        return {number: left} if left else self._gap(number, "--skip-region leaves no region to look at")

    def _account(self, target: Target) -> aws.Account:
        profile, identity = self.options.profile, self.options.external_id
        if self._base is not None:  # of an organization: an account that cannot be entered is a gap
            return aws.assume(self._base, self.first, target.role, identity) if target.role else self._base
        try:
            if target.role:
                return aws.assumed(profile, self.first, target.role, self.stop, identity)
            return aws.own_account(profile, self.first, self.stop)
        except (errors.sdk_error(), errors.unreadable(), errors.UnusableAnswer) as error:
            raise SettingError(
                f"AWS cannot be asked who you are: {errors.sentence(error)} Check the network, the credentials "
                "(aws sts get-caller-identity), or give --profile."
            ) from None

    def _tell_other_region(self) -> None:
        configured = aws.configured_region(self.options.profile) if self.options.default_region else None
        if configured not in (None, self.first):
            self.sentences.append(
                f"No region was named, so only {self.first} was looked at, while the profile or the environment has "
                f"{configured}: give --region {configured}, or --all-regions."
            )

    def learn_name(self, account: aws.Account) -> None:
        """Find out an account's name; a refusal is a sentence, for the findings do not depend on it."""
        try:
            self.names[account.id] = aws.account_name(account, regions.global_region(self.first))
        except errors.endings() as error:
            self.sentences.append(f"The name of account {account.id} is not known: {errors.sentence(error)}")

    def tell_regions_apart(self, missing: Sequence[Coverage]) -> None:
        """Say of refusals in a named region whether the account has not switched it on."""
        for account in self.opened:
            entries = [e for e in missing if e.account == account.id and e.reason.startswith(errors.NOT_ENABLED)]
            if not entries or self.stop.is_set():
                continue
            with suppress(*errors.refusals()):  # then the refusals stand as they are
                _, off = aws.account_regions(account, regions.global_region(entries[0].region))
                for entry in entries:
                    if entry.region in off:
                        entry.reason = f"the region is not switched on ({entry.reason})"
