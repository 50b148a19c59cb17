"""``scripts/mutate``: changes values of the stacks one at a time, and tells which changes no test notices."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from lib.declared.read import SYSTEMS
from lib.mutation.command_line import parse
from lib.mutation.literals import KINDS
from lib.mutation.run import NOT_COUNTED, MutationError, Result, run
from lib.mutation.trial import NOTICED, SUITES, SYNTHESIS, UNNOTICED


def share(results: Sequence[Result]) -> float:
    """Return how many percent of the mutations that count were noticed; 100 where none counts."""
    counted = [verdict for _mutation, verdict in results if verdict.outcome not in NOT_COUNTED]
    return 100 * sum(verdict.outcome == NOTICED for verdict in counted) / len(counted) if counted else 100.0


def lines(system: str, results: Sequence[Result]) -> Iterator[str]:
    """Yield what came of a system's mutations: by kind, by suite, and each that nobody noticed."""
    yield f"{system}: {share(results):.0f} % noticed"
    for kind in KINDS:
        outcomes = Counter(verdict.outcome for mutation, verdict in results if mutation.kind == kind)
        if outcomes:
            yield f"  {kind}: " + ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
    suites = Counter(verdict.suite for _mutation, verdict in results if verdict.outcome == NOTICED)
    named = [f"{suites[suite]} {suite}" for suite in (SYNTHESIS, *SUITES) if suites[suite]]
    yield f"  noticed by: {', '.join(named) or 'nobody'}"
    for mutation, verdict in results:
        if verdict.outcome == UNNOTICED:
            yield f"  unnoticed: {mutation.kind} {mutation}"


def main(arguments: Sequence[str]) -> int:
    """Try the samples and print what came of them.

    Returns:
        0 done, 1 less was noticed than ``--at-least`` asks for, 2 the trials cannot go on.
    """
    options = parse(arguments)
    shares = []
    for system in options.system or SYSTEMS:
        try:
            results = run(
                system,
                count=options.sample,
                seed=options.seed,
                jobs=options.jobs,
                report=lambda text: print(text, file=sys.stderr, flush=True),
            )
        except MutationError as error:
            print(f"{system}: {error}", file=sys.stderr)
            return 2
        print(*lines(system, results), sep="\n", flush=True)
        shares.append(share(results))
    return int(options.at_least is not None and min(shares) < options.at_least)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
