"""Ask everything side by side; an error of AWS, or none to ask, becomes a row and never a clean result."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lib.check_account import checks
from lib.check_account.account import ERRORS, Account, sentence
from lib.check_account.model import Check, Row, System, Verdict, emulated

WORKERS = 16  # calls under way; each waits for the network and hardly uses the processor
# What an answer that AWS never gives leads to: an emulator may leave out fields that AWS promises.
INCOMPLETE = (AttributeError, KeyError, TypeError)
OK, CHANGE, NOT_ASKED = 0, 1, 3


def rows(account: Account, systems: Sequence[System], *, emulator: bool) -> list[Row]:
    """Return the rows of every check, the regions first.

    What lies in a region that is switched off is not asked: such a region refuses every key, whatever the key may do.

    Args:
        account: whom to ask.
        systems: what is to be deployed.
        emulator: whether an emulator answers in the place of AWS.
    """
    first, more = checks.of_account(systems), checks.of_systems(systems)
    try:
        account.identity()
    except ERRORS as error:
        return [check.row(Verdict.NOT_ASKED, sentence(error)) for check in [*first, *more]]
    with ThreadPoolExecutor(WORKERS) as pool:
        all_rows = _flat(pool.map(lambda check: ask(account, check, emulator=emulator), first))
        off = {row.region for row in all_rows if row.verdict is Verdict.CHANGE}
        asked = [check for check in more if check.region not in off]
        all_rows += _flat(pool.map(lambda check: ask(account, check, emulator=emulator), asked))
    reason = "the region is not switched on"
    return all_rows + [check.row(Verdict.NOT_ASKED, reason) for check in more if check.region in off]


def _flat(parts: Iterable[list[Row]]) -> list[Row]:
    return [row for part in parts for row in part]


def ask(account: Account, check: Check, *, emulator: bool) -> list[Row]:
    """Return the rows of one check."""
    try:
        return list(check.evaluate(check.collect(account)))
    except ERRORS as error:
        row = check.row(Verdict.NOT_ASKED, sentence(error))
        return [emulated(row) if emulator else row]
    except INCOMPLETE as error:
        if not emulator:
            raise
        return [emulated(check.row(Verdict.NOT_ASKED, f"{type(error).__name__}: {error}"))]


def status(checked: Sequence[Row], *, emulator: bool) -> int:
    """Return the exit status: 0 nothing to change, 1 something, 3 something not asked, whatever else was found.

    An emulator's answers say nothing about an account, good or bad: with them the status only says whether there was
    somebody to ask.
    """
    verdicts = {row.verdict for row in checked}
    if Verdict.NOT_ASKED in verdicts:
        return NOT_ASKED
    return CHANGE if Verdict.CHANGE in verdicts and not emulator else OK
