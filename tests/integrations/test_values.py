"""Single values of other people's answers, and which of them are unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.integrations import values

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("given", "read"),
    [(2008, 2008), ("2008", 2008), ("2008–2013", 2008), ("2008-01-20", 2008), (2008.0, 2008),
     (0, None), (-5, None), (99999, None), ("20081", None), ("0000", None), ("N/A", None),
     ("", None), (None, None), (True, None), (["2008"], None), (float("nan"), None)],
)  # fmt: skip
def test_it_reads_years(given, read):
    assert values.year(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [(118, 118), ("118", 118), ("118 min", 118), ("118min", 118), ("1,118 min", 1118),
     ("2 h 10 min", 130), ("2h", 120), (118.0, 118), ("N/A", None), ("", None), (0, None),
     (-42, None), ("-42", None), (100_000, None), (None, None), (True, None), ("min", None),
     ({}, None), (float("inf"), None)],
)  # fmt: skip
def test_it_reads_running_times(given, read):
    assert values.minutes(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [("  Fire\n\tfly ", "Fire fly"),
     ("a\x00b", "a b"), ("\x1b[31mred", "[31mred"), ("", None), ("\x00", None), (7, None),
     (None, None), (["Firefly"], None), ("x" * 1000, "x" * 300)],
)  # fmt: skip
def test_it_reads_texts(given, read):
    assert values.text(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [(7, 7), ("7", 7), (" 7 ", 7), (7.0, 7), (7.5, None), ("7.5", None), (0, None), (10, None),
     (False, None), (True, None), ("seven", None), ("9" * 5000, None), ("\u0667", None)],
)  # fmt: skip
def test_it_reads_whole_numbers(given, read):
    assert values.number(given, 1, 9) == read


def test_it_passes_over_what_is_no_object():
    assert values.objects([1, {"a": 1}, None, [{}], "x"]) == [{"a": 1}]
    assert values.objects({"a": 1}) == values.objects(None) == values.objects("x") == []


@given(ANYTHING)
def test_it_takes_anything(value):
    values.text(value)
    values.year(value)
    values.minutes(value)
    values.number(value, 0, 9)
    values.objects(value)
