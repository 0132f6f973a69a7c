"""Words as a search compares them, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.collection.search import (
    MAX_KEY_LENGTH,
    MAX_WORD_LENGTH,
    key,
    words,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FIREFLY_S01_D1", ["firefly", "s01", "d1"]),
        ("Amélie", ["amelie"]),
        ("Ame\u0301lie", ["amelie"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("İstanbul", ["istanbul"]),
        ("Άλφα ΩΣ", ["αλφα", "ωσ"]),
        ("Grey's Anatomy: 1\u00d701", ["greys", "anatomy", "1", "01"]),
        ("Grey\u2019s, O`Neill", ["greys", "oneill"]),
        ("S.W.A.T. M*A*S*H R.E.M.", ["swat", "mash", "rem"]),
        ("Guardians Vol.2 D.1 a.m", ["guardians", "vol", "2", "d", "1", "a", "m"]),
        ("\uff26\uff55ll \ufb01lm \u2163 \u2460", ["full", "film", "iv", "1"]),
        ("進撃の巨人 2", ["進撃の巨人", "2"]),
        ("مُحَمَّد", ["محمد"]),
        ("\u202egnp.exe\u200b", ["gnp", "exe"]),
        ("fire\u200bfly", ["firefly"]),
        ("Alien 💿 3", ["alien", "3"]),
        ("\" * NEAR( ) % \\ ' ; -- : & | ! <->", ["near"]),
        ("\ud800a\udfffb", ["a", "b"]),
        ("a\x00b", ["a", "b"]),
        ("", []),
        ("?! … 💿", []),
    ],
)
def test_it_folds_words(text, found):
    assert words(text) == found


def test_it_bounds_what_is_long():
    assert words("x" * 10_000) == ["x" * MAX_WORD_LENGTH]
    assert len(words("a " * 10_000)) == 250
    assert len(key("\ufdfa" * 1000)) <= MAX_KEY_LENGTH
    assert words("a" + "\u0301\u0323" * 100_000) == ["a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Firefly", " FIREFLY! "),
        ("Marvel: Agents", "marvel agents"),
        ("???", " ? ? ? "),
        ("💿", "💿 "),
    ],
)
def test_it_finds_a_name_however_it_is_spelt(one, other):
    assert key(one) == key(other) != ""


def test_it_tells_names_apart_that_have_no_letters():
    assert key("???") != key("!!!")
    assert key("") == key(" \n") == ""


@given(st.text())
def test_it_changes_no_word_that_is_folded(text):
    found = words(text)
    assert [again for word in found for again in words(word)] == found
    assert all(word.isalnum() and word.encode() for word in found)
    assert key(key(text)) == key(text)
    assert "\x00" not in "".join(found)
