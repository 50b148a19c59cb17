"""Every value in a module's source can be changed in one way that somebody could have typed, and nothing else is."""

import ast
import enum

import pytest

from lib.mutation import literals
from lib.mutation.literals import CONSTANT, DIGIT, FLAG, LETTERS, WINDOW, mutated, mutations

PATH = "lib/x/y.py"


def found(source, namespace=None, seed=1):
    """Return the mutations of a module."""
    return list(mutations(PATH, source, namespace or {}, seed))


def one(source, namespace=None, seed=1):
    """Return the only mutation of a module, and the module with it."""
    (mutation,) = found(source, namespace, seed)
    return mutation, mutated(source, mutation)


def test_two_neighbouring_letters_of_a_word_are_swapped():
    mutation, after = one("x = 'tcp'")
    assert (mutation.kind, mutation.before, mutation.line) == (LETTERS, "'tcp'", 1)
    assert after in ("x = 'ctp'\n", "x = 'tpc'\n")


def test_letters_that_are_the_same_are_not_swapped():
    assert {one("x = 'aab'", seed=seed)[1] for seed in range(9)} == {"x = 'aba'\n"}


def test_letters_that_differ_in_their_case_alone_are_not_swapped():
    assert found("x = 'aA'") == []


@pytest.mark.parametrize("value", ["2012", "'2012-10-17'", "1.5"])
def test_a_digit_is_changed(value):
    for seed in range(20):
        mutation, after = one(f"x = {value}", seed=seed)
        changed = after.removeprefix("x = ").strip()
        assert mutation.kind == DIGIT
        assert len(changed) == len(value)
        assert sum(a != b for a, b in zip(changed, value, strict=True)) == 1


def test_a_number_stays_a_number():
    assert not any(one("x = 10", seed=seed)[1] == "x = 00\n" for seed in range(40))


def test_a_flag_is_turned_round():
    assert one("x = True")[1] == "x = False\n"
    assert one("f(on=False)")[0].kind == FLAG


def test_a_window_is_made_too_short():
    mutation, after = one("x = 'sun:23:50-mon:00:30'")
    assert (mutation.kind, after) == (WINDOW, "x = 'sun:23:50-sun:00:10'\n")


def test_a_window_is_moved_onto_another_one_of_the_module():
    source = "a = '02:00-03:00'\nb = 'sun:03:30-sun:04:30'"
    moved = {mutation.after for seed in range(30) for mutation in found(source, seed=seed)}
    assert {"'sun:02:00-sun:03:00'", "'03:30-04:30'"} < moved


class Colour(enum.Enum):
    """An enum."""

    RED = 1
    BLUE = 2


class Ports:
    """Constants of a class, as jsii has them, and one of another type."""

    HTTP = 80
    HTTPS = 443
    NAME = "x"


@pytest.mark.parametrize(
    ("value", "after"),
    [("Colour.RED", "Colour.BLUE"), ("Ports.HTTP", "Ports.HTTPS"), ("m.Colour.BLUE", "m.Colour.RED")],
)
def test_a_constant_is_exchanged_for_a_neighbour(value, after):
    names = {"Colour": Colour, "Ports": Ports, "m": type("M", (), {"Colour": Colour})}
    mutation, source = one(f"x = {value}", names)
    assert (mutation.kind, source) == (CONSTANT, f"x = {after}\n")


@pytest.mark.parametrize("value", ["module.LIMIT", "unknown.RED", "Ports.NAME"])
def test_a_constant_without_neighbours_stays(value):
    assert found(f"x = {value}", {"module": literals, "Ports": Ports}) == []


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        'def f():\n    "A docstring."',
        "raise ValueError('a sentence')",
        "assert 'a' == 'ab', 'a sentence'",
        "def f(a: 'List') -> 'List': ...",
        "x: 'List'",
        "f'{x:02}'",
        "x = None",
        "x = b'bytes'",
    ],
)
def test_what_is_no_value_of_a_stack_stays(source):
    assert found(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "x: str = 'ab'",
        "f(a='ab')",
        "def f(a='ab'): ...",
        "f'{x}ab'",
        "f\"{x['ab']}\"",
        "x = {'ab': y}",
        "if x == 'ab': ...",
        "@f('ab')\ndef g(): ...",
        "x = ['ab']",
        "class X:\n    y = 'ab'",
    ],
)
def test_a_value_is_found_wherever_it_stands(source):
    mutation, after = one(source)
    assert (mutation.after, ast.dump(ast.parse(after))) == ("'ba'", ast.dump(ast.parse(source.replace("ab", "ba"))))


def test_one_value_is_changed_and_the_others_stay():
    source = "x = {'ab': True, 'cd': 'efg'}\ny = 'ab'\n"
    for mutation in found(source):
        before, after = (ast.dump(ast.parse(text)) for text in (source, mutated(source, mutation)))
        assert sum(a != b for a, b in zip(before.split("Constant("), after.split("Constant("), strict=True)) == 1


def test_a_seed_gives_the_same_mutations_and_another_seed_others():
    source = "x = ['monitoring', 'forward', 'Enabled', 3000]"
    assert found(source, seed=1) == found(source, seed=1)
    assert found(source, seed=1) != found(source, seed=2)


def test_a_mutation_says_where_and_what():
    (mutation,) = found("\nx = 'ab'")
    assert str(mutation) == "lib/x/y.py:2 'ab' -> 'ba'"
