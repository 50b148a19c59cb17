"""How well the check for card numbers tells them from other numbers.

For each kind of legitimate text, the share that is refused; for each form in which a card number may stand in a text,
the published test numbers that are found. The exit code is 1 when more than one in a thousand texts of a kind is
refused, or a form is missed. Random digits are measured beside them: some are valid card numbers, and nothing in
them says that they are none.

Usage: python tests/benchmarks/card_numbers.py [--texts 20000]
"""

import argparse
import sys
import timeit
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "lambda" / "common")]

# pylint: disable=wrong-import-position,import-error  # a module of the functions
import cards  # noqa: E402

from tests.support.card_texts import PUBLISHED, Texts, hidden  # noqa: E402

MOST = 0.001
REQUEST = (
    '{"amount": "12.50", "currency": "EUR", "payment_method": "tok_visa_0001", "reference": "order 2026/11-0001"}'
    " x 550e8400-e29b-41d4-a716-446655440000 x /payments x POST"
)


def main() -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20000, metavar="N", help="how many of each kind (%(default)s)")
    count = parser.parse_args().texts
    texts, above = Texts("benchmark"), []
    print(f"{'legitimate texts':34}{'refused':>9}")
    for name, draw in texts.kinds.items():
        share = sum(cards.found_in(draw()) for _ in range(count)) / count
        above += [name] if share > MOST else []
        print(f"{name:34}{share:9.3%}   {draw()}")
    print(f"\n{'random digits':34}{'refused':>9}")
    for length, draw in texts.numbers.items():
        print(f"{length:<34}{sum(cards.found_in(draw()) for _ in range(count)) / count:9.3%}   {draw()}")
    forms = [dict(hidden(number)) for number in PUBLISHED]
    missed = [name for name in forms[0] if not all(cards.found_in(each[name]) for each in forms)]
    print(f"\n{len(forms[0]) - len(missed)} of {len(forms[0])} forms found, each with {len(PUBLISHED)} numbers")
    calls = 5000
    print(f"{timeit.timeit(lambda: cards.found_in(REQUEST), number=calls) / calls * 1e6:.0f} us for a request")
    for name in [*above, *missed]:
        print(f"goal missed: {name}")
    return 1 if above or missed else 0


if __name__ == "__main__":
    sys.exit(main())
