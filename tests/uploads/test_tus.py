"""The header fields of the tus protocol."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.uploads.tus import CHECKSUMS, parse_checksum, parse_metadata

KEYS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), min_size=1
)


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


@given(st.dictionaries(KEYS, st.text(), max_size=5))
def test_it_reads_what_clients_write(said):
    header = ",".join(f"{key} {encoded(value)}" for key, value in said.items())
    assert parse_metadata(header) == said


@given(st.text())
def test_it_reads_or_refuses_any_metadata(header):
    try:
        parse_metadata(header)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", {}),
        ("  ", {}),
        ("filename YS5ta3Y=", {"filename": "a.mkv"}),
        ("filename YS5ta3Y=, is_draft", {"filename": "a.mkv", "is_draft": ""}),
        ("filename QW3DqWxpZQ==", {"filename": "Amélie"}),
    ],
)
def test_it_reads_metadata(header, said):
    assert parse_metadata(header) == said


@pytest.mark.parametrize(
    "header",
    ["filename ???", "filename YS5ta3Y=,filename YS5ta3Y=", ",", "a,,b", "\xe4 YQ==", "a /w=="],
)
def test_it_refuses_metadata_that_can_not_be_meant(header):
    with pytest.raises(ValueError, match=r"key|base64|utf-8"):
        parse_metadata(header)


def test_it_reads_a_checksum():
    assert parse_checksum("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=") == (
        "sha1", bytes.fromhex("2aae6c35c94fcfb415dbe95f408b9ce91ee846ed")
    )  # fmt: skip


@given(st.text())
def test_it_reads_or_refuses_any_checksum(header):
    try:
        algorithm, _ = parse_checksum(header)
    except ValueError:
        return
    assert algorithm in CHECKSUMS


@pytest.mark.parametrize("header", ["", "crc32 AAAA", "sha1 ???", "SHA1 AAAA", "sha1\tAAAA"])
def test_it_refuses_a_checksum_that_it_can_not_compare(header):
    with pytest.raises(ValueError, match=r"none of|base64"):
        parse_checksum(header)
