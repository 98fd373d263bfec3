"""The grammar of axis expressions: what it takes, what it refuses and where, and the sizes."""

from __future__ import annotations

import pytest

from lstm_migrate.errors import MappingError
from lstm_migrate.layouts.axes import Axes, Group, Symbol, solve

VALID = {
    "x": 1,
    "x u": 2,
    "  x   u ": 2,
    "(gate u)": 1,
    "x (gate u)": 2,
    "(gate u) x": 2,
    "(x + h) (gate u)": 2,
    "set (gate u)": 2,
    "(set gate u)": 1,
    "dir (gate u) x": 3,
    "~k0 ~k1 x (gate u)": 4,
    "(gate u + gate u)": 1,
    "((gate u) x)": 1,
    "(x u + h u + gate u)": 1,
    "k0 k1 k2 x u": 5,
    "long_name2": 1,
}

# expression → (column, found, expected)
INVALID = {
    "": (1, "the end", "an axis"),
    "   ": (4, "the end", "an axis"),
    "+": (1, "+", "an axis"),
    ")": (1, ")", "an axis"),
    "x )": (3, ")", "the end"),
    "x + h": (3, "+ h", "the end"),
    "x (": (4, "the end", "a symbol"),
    "(x": (3, "the end", "')'"),
    "()": (2, ")", "a symbol"),
    "(x + )": (6, ")", "a symbol"),
    "( + h)": (3, "+ h)", "a symbol"),
    "~": (2, "the end", "a symbol"),
    "~(x u)": (2, "(x u)", "a symbol"),
    "~~x": (2, "~x", "a symbol"),
    "X": (1, "X", "a symbol, '(', ')', '+' or '~'"),
    "x  %y": (4, "%y", "a symbol, '(', ')', '+' or '~'"),
    "1x": (1, "1x", "a symbol, '(', ')', '+' or '~'"),
    "x ü": (3, "ü", "a symbol, '(', ')', '+' or '~'"),
    "x x": (3, "x", "each symbol once in a block"),
    "u (gate u)": (9, "u)", "each symbol once in a block"),
    "(x + h) h": (9, "h", "each symbol once in a block"),
    "x ~x": (4, "x", "each symbol once in a block"),
    "(gate (x + h))": (10, "+ h))", "')'"),
    "(" * 9 + "x": (10, "x", "at most 8 brackets in each other"),
}


@pytest.mark.parametrize("text", VALID)
def test_a_valid_expression_parses_and_prints_as_itself(text: str) -> None:
    axes = Axes.parse(text)
    assert len(axes.items) == VALID[text]
    assert str(axes) == " ".join(text.split())
    assert Axes.parse(str(axes)) == axes


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_expression_says_column_found_and_expected(text: str) -> None:
    column, found, expected = INVALID[text]
    with pytest.raises(MappingError) as caught:
        Axes.parse(text)
    (problem,) = caught.value.problems
    assert problem.where == f"{text!r}, column {column}"
    assert (problem.found, problem.expected) == (found, expected)


def test_a_hundred_thousand_brackets_are_an_error_and_no_crash() -> None:
    with pytest.raises(MappingError, match="column 10"):
        Axes.parse("(" * 100_000)


def test_the_parts_of_an_expression_are_values() -> None:
    assert Axes.parse("~k (x u)").items == (
        Symbol("k", flipped=True),
        Group(((Symbol("x"), Symbol("u")),)),
    )
    assert Axes.parse("(x + h) (gate u)").symbols == {"x", "h", "gate", "u"}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("x (gate u)", (5, 12)),
        ("(x + h) (gate u)", (8, 12)),
        ("(set gate u)", (24,)),
        ("set (gate u)", (2, 12)),
        ("(gate u + gate u)", (24,)),
        ("(x u + h u + gate u)", (36,)),
        ("dir (gate u) x", (2, 12, 5)),
        ("~k u", (7, 3)),
    ],
)
def test_the_shape_follows_from_the_sizes(text: str, shape: tuple[int, ...]) -> None:
    sizes = {"x": 5, "h": 3, "u": 3, "gate": 4, "set": 2, "dir": 2, "k": 7}
    assert Axes.parse(text).shape(sizes) == shape


def test_a_missing_size_is_told_by_its_symbol() -> None:
    with pytest.raises(KeyError, match="gate"):
        Axes.parse("x (gate u)").shape({"x": 1, "u": 1})


@pytest.mark.parametrize(
    ("text", "shape", "known", "found"),
    [
        ("x (gate u)", (5, 12), {"gate": 4}, {"gate": 4, "x": 5, "u": 3}),
        ("x (gate u)", (5, 12), {"gate": 4, "u": 3}, {"gate": 4, "x": 5, "u": 3}),
        # The columns tell u, u tells h, and what is left of the rows is x: in whatever order it takes.
        ("(x + h) (gate u)", (8, 12), {"gate": 4, "h": 3}, {"gate": 4, "h": 3, "u": 3, "x": 5}),
        ("(x u) u", (15, 3), {}, {"u": 3, "x": 5}),
        ("(set gate u)", (24,), {"set": 2, "gate": 4}, {"set": 2, "gate": 4, "u": 3}),
        ("(x + h)", (3,), {"h": 3}, {"h": 3, "x": 0}),
        ("x", (0,), {}, {"x": 0}),
    ],
)
def test_sizes_follow_from_the_shape(
    text: str, shape: tuple[int, ...], known: dict[str, int], found: dict[str, int]
) -> None:
    axes = Axes.parse(text) if "(x u) u" not in text else two_axes()
    assert solve(axes, shape, known) == found


def two_axes() -> Axes:
    """A depthwise kernel's neighbours: the same symbol on two axes, which no layout of a cell has."""
    return Axes((*Axes.parse("(x u)").items, Symbol("u")))


@pytest.mark.parametrize(
    ("text", "shape", "known"),
    [
        ("x (gate u)", (5,), {"gate": 4}),  # rank
        ("x (gate u)", (5, 13), {"gate": 4}),  # 13 is no multiple of 4
        ("x (gate u)", (5, 12), {"gate": 4, "u": 4}),  # the config says otherwise
        ("x (gate u)", (5, 12), {}),  # two unknowns on one axis
        ("(x + h)", (2,), {"h": 3}),  # fewer rows than the state alone
        ("(gate u)", (12,), {"gate": 4, "u": -3}),
        ("(gate u)", (12,), {"gate": 0}),
    ],
)
def test_a_shape_that_cannot_be_has_no_sizes(
    text: str, shape: tuple[int, ...], known: dict[str, int]
) -> None:
    assert solve(Axes.parse(text), shape, known) is None


def test_solving_leaves_what_was_known_alone() -> None:
    known = {"gate": 4}
    solve(Axes.parse("x (gate u)"), (5, 12), known)
    assert known == {"gate": 4}


def test_the_blocks_of_a_stacked_array_lie_where_they_should() -> None:
    pieces = Axes.parse("(x + h) (gate u)").pieces()
    sizes = {"x": 5, "h": 3, "u": 3, "gate": 4}
    assert [piece.slices(sizes) for piece in pieces] == [
        (slice(0, 5), slice(0, 12)),
        (slice(5, 8), slice(0, 12)),
    ]
    assert [piece.symbols for piece in pieces] == [{"x", "gate", "u"}, {"h", "gate", "u"}]


def test_an_array_without_stacks_is_one_block() -> None:
    (piece,) = Axes.parse("set ((gate) u)").pieces()
    assert piece.slices({"set": 2, "gate": 3, "u": 4}) == (slice(0, 2), slice(0, 12))
