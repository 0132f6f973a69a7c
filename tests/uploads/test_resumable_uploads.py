"""The tus protocol, header by header: https://tus.io/protocols/resumable-upload."""

import base64
import hashlib
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_date

from boz_server.domain.uploads.tus import CHECKSUMS, parse_checksum, parse_metadata
from boz_server.domain.uploads.upload_states import UploadPurpose
from boz_server.services.uploads import part_files, receive
from tests.client import ok
from tests.support import assert_problem
from tests.tus import BYTES, FILM, TUS, begin, begun, checksum, metadata, offset, send


def test_it_lists_what_it_supports_of_the_protocol(client):
    for response in (client.options("/api/uploads"), client.options("/api/uploads", headers=TUS)):
        assert response.status_code == 204
        assert response.headers["Tus-Version"] == response.headers["Tus-Resumable"] == "1.0.0"
        assert set(response.headers["Tus-Extension"].split(",")) == {
            "creation",
            "creation-with-upload",
            "checksum",
            "expiration",
            "termination",
        }
        assert response.headers["Tus-Checksum-Algorithm"].split(",")[0] == "sha1"


def test_it_takes_a_file_in_pieces(client, settings):
    path = begun(client)
    for start in range(0, len(FILM), 64_000):
        piece = FILM[start : start + 64_000]
        response = send(client, path, piece, start)
        assert (response.status_code, response.data) == (204, b"")
        assert response.headers["Upload-Offset"] == str(start + len(piece))
        assert response.headers["Tus-Resumable"] == "1.0.0"
    assert ok(client.get(path))["state"] == "complete"
    assert (settings.output_dir / "Heat (1995).mkv").read_bytes() == FILM
    assert len(os.listdir(settings.output_dir)) == 1


def test_it_returns_the_progress_of_an_upload(client):
    said = metadata(filename="a.mkv", filetype="video/x-matroska")
    path = begun(client, Upload_Metadata=said)
    send(client, path, FILM[:1000])
    response = client.head(path, headers=TUS)
    assert response.status_code == 200
    assert response.headers["Upload-Offset"] == "1000"
    assert response.headers["Upload-Length"] == str(len(FILM))
    assert response.headers["Upload-Metadata"] == said
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Tus-Resumable"] == "1.0.0"


def test_it_returns_the_expiry_of_an_upload(client, clock):
    created = begin(client)
    path = created.headers["Location"]
    first = parse_date(created.headers["Upload-Expires"])
    clock.advance(3600)
    later = parse_date(send(client, path, b"x").headers["Upload-Expires"])
    assert first is not None
    assert later is not None
    assert (first - clock.now()).total_seconds() == pytest.approx(47 * 3600, abs=1)
    assert (later - clock.now()).total_seconds() == pytest.approx(48 * 3600, abs=1)


def test_it_forgets_an_expired_upload(client, services, settings, clock):
    path = begun(client)
    send(client, path, b"x")
    clock.advance(49 * 3600)
    receive.forget_expired(services.context)
    assert client.head(path, headers=TUS).status_code == 404
    assert_problem(send(client, path, b"x", 1), 404)
    assert os.listdir(settings.output_dir) == []


@pytest.mark.parametrize("wrong", [0, 999, 1001, len(FILM), len(FILM) + 1])
def test_it_answers_409_to_a_wrong_offset(client, wrong):
    path = begun(client)
    send(client, path, FILM[:1000])
    assert_problem(send(client, path, FILM[1000:], wrong), 409, "1000")
    assert offset(client, path) == 1000


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_it_compares_the_checksum_of_a_piece(client, algorithm):
    path = begun(client)
    good = checksum(FILM[:1000], algorithm)
    assert send(client, path, FILM[:1000], Upload_Checksum=good).status_code == 204
    response = send(client, path, b"y" * 1000, 1000, Upload_Checksum=good)
    assert_problem(response, 460, "damaged")
    assert offset(client, path) == 1000


def test_it_keeps_nothing_of_a_piece_with_a_checksum_that_is_cut_off(client):
    path = begun(client)
    response = client.patch(
        path,
        data=FILM[:1000],
        headers=TUS
        | {"Upload-Offset": "0", "Content-Type": BYTES, "Upload-Checksum": checksum(FILM)},
        environ_overrides={"CONTENT_LENGTH": str(len(FILM))},
    )
    assert_problem(response, 400, "broke off")
    assert offset(client, path) == 0


def test_it_keeps_what_came_of_a_piece_that_is_cut_off(client):
    path = begun(client)
    response = client.patch(
        path,
        data=FILM[:1000],
        headers=TUS | {"Upload-Offset": "0", "Content-Type": BYTES},
        environ_overrides={"CONTENT_LENGTH": str(len(FILM))},
    )
    assert_problem(response, 400, "broke off")
    assert offset(client, path) == 1000


@pytest.mark.parametrize(
    "header",
    ["", "sha1", "sha1 ", "crc32 AAAA", "sha1 nobase64!", "sha1 \xff\xfe", "shake_128 AAAA"],
)
def test_it_refuses_an_invalid_checksum(client, header):
    path = begun(client)
    response = send(client, path, b"x", Upload_Checksum=header)
    # One that can be read, and is too short, is that of no bytes.
    assert response.status_code == (460 if header in ("sha1", "sha1 ") else 422)
    assert offset(client, path) == 0


@pytest.mark.parametrize("sent", [None, "0.2.2", "1.0.1", "1.0.0, 1.0.0", ""])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_it_answers_412_to_other_versions(client, method, sent):
    path = "/api/uploads" if method == "POST" else begun(client)
    headers = {"Upload-Offset": "0", "Upload-Length": "1", "Content-Type": BYTES}
    if sent is not None:
        headers["Tus-Resumable"] = sent
    response = client.open(path, method=method, headers=headers, data=b"x")
    assert response.status_code == 412
    assert response.headers["Tus-Version"] == "1.0.0"


def test_it_answers_415_to_bytes_of_another_kind(client):
    path = begun(client)
    for kind in ("application/octet-stream", "multipart/form-data; boundary=b", ""):
        assert_problem(send(client, path, b"x", Content_Type=kind), 415, BYTES)
    assert offset(client, path) == 0


@pytest.mark.parametrize("start", [0, 1000])
def test_it_answers_413_to_more_than_was_announced(client, start):
    path = begun(client, 2000)
    send(client, path, FILM[:start])
    assert_problem(send(client, path, b"x" * (2001 - start), start), 413)
    assert offset(client, path) == start


def test_it_gives_an_upload_up(client, settings):
    path = begun(client)
    send(client, path, FILM[:1000])
    response = client.delete(path, headers=TUS)
    assert (response.status_code, response.headers["Tus-Resumable"]) == (204, "1.0.0")
    assert os.listdir(settings.output_dir) == []
    assert client.head(path, headers=TUS).status_code == 404
    assert_problem(client.delete(path, headers=TUS), 404)


def test_it_does_not_give_up_what_has_arrived(client, settings):
    path = begun(client)
    send(client, path, FILM)
    assert_problem(client.delete(path, headers=TUS), 409, "arrived")
    assert os.listdir(settings.output_dir) == ["Heat (1995).mkv"]


def test_it_lets_posts_stand_for_other_methods(client):
    path = begun(client)
    headers = TUS | {"Upload-Offset": "0", "Content-Type": BYTES}
    over = {"X-HTTP-Method-Override": "PATCH"}
    assert client.post(path, headers=headers | over, data=b"x").status_code == 204
    assert offset(client, path) == 1
    for other in ({}, {"X-HTTP-Method-Override": "PUT"}):
        assert_problem(client.post(path, headers=headers | other, data=b"x"), 405)
    over = {"X-HTTP-Method-Override": "DELETE"}
    assert client.post(path, headers=TUS | over).status_code == 204
    assert client.head(path, headers=TUS).status_code == 404


@pytest.mark.parametrize("sent", [1000, len(FILM)])
def test_it_takes_bytes_with_the_creation(client, settings, sent):
    response = begin(client, Content_Type=BYTES, data=FILM[:sent])
    assert (response.status_code, response.headers["Upload-Offset"]) == (201, str(sent))
    found = ok(client.get(response.headers["Location"]))
    assert (found["offset"], found["state"]) == (
        sent,
        "complete" if sent == len(FILM) else "arriving",
    )


def test_it_takes_an_empty_file(client, settings):
    path = begun(client, 0)
    assert ok(client.get(path))["state"] == "complete"
    assert offset(client, path) == 0
    assert (settings.output_dir / "Heat (1995).mkv").read_bytes() == b""
    # A sender that does not know the reply to its creation may end it all the same.
    assert send(client, path, b"").status_code == 204


def test_it_answers_a_repeated_last_piece(client):
    path = begun(client)
    send(client, path, FILM)
    assert send(client, path, b"", len(FILM)).status_code == 204
    assert_problem(send(client, path, FILM), 409, str(len(FILM)))


def test_it_answers_423_while_another_sends(client, services):
    path = begun(client)
    part = part_files.open_part(
        services.context.settings, path.rpartition("/")[2], UploadPurpose.LIBRARY
    )
    assert part is not None
    with part:
        assert_problem(send(client, path, b"x"), 423)
        assert_problem(client.delete(path, headers=TUS), 423)
        assert offset(client, path) == 0
    assert send(client, path, b"x").status_code == 204


@pytest.mark.parametrize("pieces", [1, 3])
def test_it_refuses_a_file_with_another_sha256(client, services, settings, pieces):
    said = metadata(filename="a.mkv", sha256=hashlib.sha256(b"other").hexdigest())
    path = begun(client, Upload_Metadata=said)
    step = len(FILM) // pieces + 1
    answers = [
        send(client, path, FILM[start : start + step], start) for start in range(0, len(FILM), step)
    ]
    services.organizer.tick()
    if pieces == 1:
        assert_problem(answers[-1], 460, "SHA-256")
        assert client.head(path, headers=TUS).status_code == 404
    else:
        assert ok(client.get(path))["state"] == "failed"
        assert "SHA-256" in ok(client.get(path))["error"]
    assert os.listdir(settings.output_dir) == []


@pytest.mark.parametrize("pieces", [1, 3])
def test_it_takes_a_file_with_its_sha256(client, services, settings, pieces):
    said = metadata(filename="a.mkv", sha256=hashlib.sha256(FILM).hexdigest().upper())
    path = begun(client, Upload_Metadata=said)
    step = len(FILM) // pieces + 1
    for start in range(0, len(FILM), step):
        assert send(client, path, FILM[start : start + step], start).status_code == 204
    services.organizer.tick()
    assert ok(client.get(path))["state"] == "complete"
    assert os.listdir(settings.output_dir) == ["a.mkv"]


def test_it_answers_507_before_a_byte_is_taken(client, settings, monkeypatch):
    free: Callable[[Any], int] = lambda _: 1_000_000  # noqa: E731
    monkeypatch.setattr("boz_server.disk.free_bytes", free)
    assert_problem(begin(client, 1_000_001), 507, "BOZ_MIN_FREE_BYTES")
    # What others were promised is not there for the next.
    begun(client, 700_000)
    assert_problem(begin(client, 300_001), 507)
    begun(client, 300_000)


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
def test_it_refuses_malformed_metadata(header):
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
def test_it_refuses_a_checksum_that_it_cannot_compare(header):
    with pytest.raises(ValueError, match=r"none of|base64"):
        parse_checksum(header)
