"""Numbers as people type them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.charts.style import exact
from simlib.dashboard.controls import Control, Range
from simlib.dashboard.typed import read_number
from simlib.errors import InputError
from simlib.inputs.parameters import load_parameters

MONEY = "million USD"


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("5,000", MONEY, 5000),
        ("5 000", MONEY, 5000),
        ("5\u202f000", MONEY, 5000),
        ("5\u00a0000", MONEY, 5000),
        ("1,234,567.5", "persons", 1234567.5),
        ("1.234", MONEY, 1.234),
        ("2B", MONEY, 2000),
        ("2 bn", MONEY, 2000),
        ("1.5 billion", MONEY, 1500),
        ("$2B", MONEY, 2000),
        ("US$ 2 bn", MONEY, 2000),
        ("2 billion dollars a year", MONEY, 2000),
        ("500M", MONEY, 500),
        ("500 million USD", MONEY, 500),
        ("$500 million", MONEY, 500),
        ("2,000 million USD per year", "million USD per year", 2000),
        ("-$2bn", MONEY, -2000),
        ("$44,000", "USD per year", 44_000),
        ("44k", "USD per year", 44_000),
        ("1.2m", "persons", 1_200_000),
        ("50 %", "share", 0.5),
        ("50%", "share longer", 0.5),
        ("+50 %", "share longer", 0.5),
        ("\N{MINUS SIGN}25 %", "share longer", -0.25),
        ("3%", "per year", 0.03),
        ("0.5", "share", 0.5),
        (".5", "share", 0.5),
        ("1e3", MONEY, 1000),
        ("1E3", MONEY, 1000),
        ("2027", "year", 2027),
        ("5 months", "months", 5),
        ("\uff15\uff10\uff10", MONEY, 500),
        ("  700 ", MONEY, 700),
        ("", MONEY, None),
        (" ", MONEY, None),
    ],
)
def test_numbers_are_understood_as_people_type_them(text, unit, value) -> None:
    assert read_number(text, unit) == (value if value is None else pytest.approx(value, rel=1e-12))


@pytest.mark.parametrize(
    ("text", "unit", "why"),
    [
        ("1.234.567", MONEY, "more than one decimal point"),
        ("1,23", MONEY, "a comma parts thousands"),
        ("0,500", "share", "a comma parts thousands"),
        ("1,234 567", MONEY, "a comma parts thousands"),
        ("1,2345", MONEY, "a comma parts thousands"),
        ("50 00", MONEY, "blanks part thousands only"),
        ("1 5", MONEY, "blanks part thousands only"),
        ("$5,000", MONEY, "could be dollars or million dollars"),
        ("5000 USD", MONEY, "could be dollars or million dollars"),
        ("2k", MONEY, "has no meaning in this unit"),
        ("50 %", MONEY, "this is no share"),
        ("50 %", "parts of the money", "this is no share"),
        ("$5 %", "share", "this is no share"),
        ("$5", "share", "this is no sum of money"),
        ("2B", "share", "has no meaning in this unit"),
        ("2 apples", MONEY, "is not understood here"),
        ("1/2", "share", "is no number"),
        ("\u00bd", "share", "is no number"),
        ("--5", MONEY, "is no number"),
        ("-$-5", MONEY, "is no number"),
        ("(5)", MONEY, "is no number"),
        ("1_000", MONEY, "is no number"),
        ("1'000", MONEY, "is no number"),
        ("nan", MONEY, "is no number"),
        ("inf", MONEY, "is no number"),
        (".", MONEY, "is no number"),
        ("1e", MONEY, "not understood"),
        ("\u0665", MONEY, "is no number"),
        ("__import__('os')", MONEY, "is no number"),
        ("9" * 5000 + ",", MONEY, "a comma parts thousands"),
    ],
)
def test_what_is_wrong_or_ambiguous_is_refused_with_the_reason(text, unit, why) -> None:
    with pytest.raises(InputError, match=why) as problem:
        read_number(text, unit)
    assert len(str(problem.value)) < 220


@given(st.floats(-1e11, 1e11).map(lambda x: float(f"{x:.12g}")))
def test_what_is_shown_can_be_typed_again(value: float) -> None:
    assert read_number(exact(value), MONEY) == value


@given(st.text(max_size=40), st.sampled_from(["", MONEY, "share", "per year", "persons"]))
def test_any_text_is_a_number_nothing_or_refused_in_words(text: str, unit: str) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(read_number(text, unit), float | None)


def control(limits: Range, value: float | None, **options) -> tuple[Control, list]:
    chosen: list = []
    return Control(limits, value, chosen.append, **options), chosen


def type_in(box: Control, text: str) -> None:
    box._hear(box, {"typed": text}, [])


@pytest.mark.parametrize("text", ["1e9", "1,23", "abc", "", "-1", "$5,000"])
def test_a_refused_or_emptied_box_shows_the_last_valid_number_and_says_what_is_allowed(text):
    box, chosen = control(Range("Money", 0, 10_000, 50, MONEY, "why"), 1000.0)
    answers = []
    box.send = lambda message, *_: answers.append(message)  # to the browser
    type_in(box, "2B")
    type_in(box, text)
    assert (box.value, chosen) == (2000.0, [2000.0])
    assert "allowed: 0 to 10,000 million USD, for example 5,000 or $5B" in box.error
    assert len(answers) == 2  # each makes the browser show the value that holds
    type_in(box, "2 000")
    assert box.error == ""


def test_an_emptied_box_unpins_where_that_is_possible() -> None:
    box, chosen = control(Range("Share", 0, 1, 0.01, "share", "why"), 0.5, unset="not pinned")
    type_in(box, "")
    assert (box.value, chosen, box.error) == (None, [None], "")


def test_a_number_beyond_six_digits_is_said_in_full() -> None:
    box, _ = control(Range("People", 0, 12_345_678, 1000, "persons", "why"), 0.0)
    type_in(box, "99 million")
    assert "'99 million' is out of bounds; allowed: 0 to 12,345,678 persons" in box.error


@pytest.mark.parametrize("name", [n for n, r in load_parameters().items() if r.low < r.high])
def test_every_example_can_be_typed(name: str) -> None:
    limits = Range.of(load_parameters()[name])
    for example in limits.allowed().split("for example ")[1].split(" or "):
        value = read_number(example, limits.unit)
        assert limits.low <= value <= limits.high, (example, limits.allowed())
