"""What a reader of the findings has to know beside what was not looked at: a sentence each."""

from lib.analyse import suppressions
from lib.analyse.reported import Reported


def notices(run: Reported) -> list[str]:
    """Return the sentences of a run, as far as it is."""
    sentences = [*run.plan.sentences, *run.checkpoint.notices]
    sentences += [
        f"Accepted by the ignore file, and not looked at: {note}"
        for entry in run.coverage.values()
        if entry.status == "complete"
        for note in entry.notes
    ]
    sentences += _unpriced_checks(run)
    return [*sentences, *_unmatched_globs(run), *_unmatched_suppressions(run)] if run.complete else sentences


def _unpriced_checks(run: Reported) -> list[str]:
    """Return a sentence for each region where a check had resources to evaluate and lacks a price that it needs."""
    sentences = []
    for check in run.checks:
        regions = {
            work_item.region
            for work_item, entry in run.coverage.items()
            if work_item.collector == check.collector and entry.items
        }
        for region in sorted(regions):
            missing = [name for section, name in check.prices if not run.prices.has(region, section, name)]
            if missing:
                sentences.append(
                    f"{check.id} cannot evaluate {region}: no price for {', '.join(missing)} there. Run "
                    f"scripts/refresh_prices {region}."
                )
    return sentences


def _unmatched_suppressions(run: Reported) -> list[str]:
    """Return a sentence for each entry of the ignore file that matched nothing although it could have."""
    asked = {check.id for check in run.checks}
    return [
        f"The ignore file's entry {entry.public()} matches no finding of this run."
        for entry in run.suppressions.unmatched(_needed(run))
        if entry.check in asked or not (entry.check or run.options.checks)
    ]


def _needed(run: Reported) -> set[str]:
    """Return the keys of the ignore file's entries that were needed: for findings, regions and prefix lists."""
    entries = run.coverage.values()
    seen = run.totals.suppressions | {suppressions.key(entry.accepted) for entry in entries if entry.accepted}
    notes = [note for entry in entries for note in entry.notes]
    lists = [entry for entry in run.suppressions.valid if entry.prefix_list]
    return seen | {suppressions.key(e.public()) for e in lists if any(e.prefix_list in note for note in notes)}


def _unmatched_globs(run: Reported) -> list[str]:
    """Return a sentence for each glob that no log group matches; all of them were looked at."""
    entries = [set(entry.unmatched) for entry in run.coverage.values() if entry.collector == "log_groups"]
    globs = set.intersection(*entries) if entries else set[str]()
    return [f"--log-group {glob!r} matches no log group." for glob in run.options.log_groups if glob in globs]
