"""Uploads that are large, cut off, refused or malformed: nothing of them is left behind."""

import errno
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from http.client import responses
from pathlib import Path
from typing import Any, NoReturn

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from boz_server import create_app, disk
from boz_server.api.context import EXTENSION
from boz_server.services.uploads import part_files, receive
from boz_server.services.uploads.part_files import PART_PREFIX, Part
from tests.client import Client, ok
from tests.support import assert_problem
from tests.tus import BYTES, TUS, b64, begin, begun, metadata, offset, send

#: Files never touch the database: one engine will do.
pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

#: Numbers that no database keeps, that no float has, and that int() does not read.
HUGE = ["9" * 19, "9" * 20, "0" * 30 + "9" * 30, "0" * 20 + "9" * 4300, "9" * 5000]


@pytest.mark.parametrize(
    "value", ["", "-1", "1.5", "1e3", " ", "0x10", "\u0661", "²", "NaN", "1 000", "+1", *HUGE]
)
def test_it_refuses_invalid_lengths_and_offsets(client, value):
    latin = value.encode().decode("latin-1")
    response = begin(client, latin)
    assert response.status_code in (422, 507), response.text
    path = begun(client)
    response = send(client, path, b"x", latin)
    assert response.status_code in (422, 409), response.text
    assert offset(client, path) == 0


@pytest.mark.parametrize("size", HUGE)
def test_it_has_no_room_for_forms_of_any_size(client, size):
    response = client.post(
        "/api/files/upload",
        data=b"--b",
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"CONTENT_LENGTH": size[:4000]},
    )
    assert response.status_code == 507, response.text


@pytest.mark.parametrize(
    "header",
    [
        "filename",
        "filename !!!",
        "filename YQ==,filename YQ==",
        "filename YQ==,,",
        f"filename {b64(bytes([255, 254]))}",
        f"filename {b64('a')},purpose {b64('nonsense')}",
        f"filename {b64('a')},sha256 {b64('abc')}",
        f"filename {b64('x' * 300)}",
        f"filename {b64('a' + chr(0))}",
        f"filename {b64('a')},job_id {b64('x' * 101)}",
        "fil\xe9name YQ==",
        "filename \xff",
        "name YQ==",
        " ",
    ],
)
def test_it_refuses_invalid_metadata(client, settings, header):
    assert_problem(begin(client, Upload_Metadata=header), 422, "Upload-Metadata")
    assert os.listdir(settings.output_dir) == []


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "..", ".", "...", ".hidden", "a/b\\c.mkv",
     f"{PART_PREFIX}x", "C:\\films\\a.mkv", "CON", "a\nb",
     "\u202egpj.exe", "é" * 255, "a" * 255, "\ud7ff", " "],
)  # fmt: skip
def test_it_keeps_a_file_of_any_name_in_its_folder(client, settings, name):
    path = begun(client, 1, Upload_Metadata=metadata(filename=name))
    assert send(client, path, b"x").status_code == 204
    (found,) = settings.output_dir.iterdir()
    assert found.read_bytes() == b"x"
    assert not found.name.startswith(".")
    assert not set(found.name) & set("/\\\n\u202e")
    assert [file["name"] for file in ok(client.get("/api/files"))["files"]] == [found.name]


@pytest.mark.parametrize(
    "upload_id", ["nobody", "..", "%2e%2e", "a" * 5000, "%00", "%ff", "%F0%9F%98%80", "' OR 1=1"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
def test_it_answers_404_for_an_unknown_upload(client, method, upload_id):
    headers = TUS | {"Upload-Offset": "0", "Content-Type": BYTES}
    response = client.open(f"/api/uploads/{upload_id}", method=method, headers=headers)
    assert response.status_code in (404, 405), responses[response.status_code]


@pytest.mark.parametrize(
    "disposition",
    [b'form-data; name="file"; filename="\xff\xfe.mkv"', b"", b"form-data; name=\xe9"],
)
def test_it_says_in_a_sentence_why_it_cannot_read_a_form(client, settings, disposition):
    body = b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\nx\r\n--b--\r\n"
    response = client.post(
        "/api/files/upload", data=body, content_type="multipart/form-data; boundary=b"
    )
    assert_problem(response, 422, "The form can't be read", field="file")
    assert "Error" not in response.get_json()["detail"]
    assert os.listdir(settings.output_dir) == []


@pytest.fixture
def narrow(settings, clock) -> Iterator[Flask]:
    """An application that accepts at most a kilobyte of JSON."""
    app = create_app(replace(settings, max_json_bytes=1024), clock)
    yield app
    app.extensions[EXTENSION].context.database.close()


def raw_upload(client: Client, body: bytes, *, missing: int = 0) -> TestResponse:
    """Upload a raw body; `missing` more bytes are announced and never arrive."""
    return client.post(
        "/api/files/upload",
        data=body,
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"CONTENT_LENGTH": str(len(body) + missing)},
    )


START = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mkv"\r\n\r\n'
END = b"\r\n--b--\r\n"


def test_it_takes_a_file_larger_than_any_json(narrow, settings):
    content = os.urandom(3_000_000)
    body = START + content + END
    assert ok(raw_upload(narrow.test_client(), body))["size"] == 3_000_000
    assert (settings.output_dir / "a.mkv").read_bytes() == content


def test_it_still_limits_other_bodies(narrow):
    body = {"agent_id": "pc", "name": "x" * 1024}
    for path in ("/api/agents/register", "/api/jobs"):
        response = narrow.test_client().post(path, json=body)
        assert_problem(response, 413, "BOZ_MAX_JSON_BYTES")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("size", [10, 3_000_000])
def test_it_answers_507_and_drops_what_does_not_fit(client, settings, monkeypatch, number, size):
    def refuse(*_: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(part_files, "write_all", refuse)
    assert_problem(raw_upload(client, START + b"x" * size + END), 507, "full")
    assert os.listdir(settings.output_dir) == []


def test_it_drops_a_file_that_could_not_be_synced(client, settings, monkeypatch):
    def fail(_: Part) -> NoReturn:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Part, "sync", fail)
    assert_problem(client.upload(), 507, "full")
    assert os.listdir(settings.output_dir) == []


def test_it_leaves_no_empty_file_when_renaming_fails(client, settings, monkeypatch):
    def fail(*_: Any) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(disk.os, "link", fail)
    monkeypatch.setattr(disk.os, "rename", fail)
    assert_problem(client.upload(), 500)
    assert list(settings.output_dir.glob("[!.]*")) == []


def test_it_has_no_incomplete_file_at_any_moment(client, settings, monkeypatch):
    """A file that a killed server left would be listed as finished."""
    sizes: list[int] = []

    def watched(call: Any) -> Any:
        def look(*args: Any) -> None:
            sizes.extend(path.stat().st_size for path in settings.output_dir.glob("[!.]*"))
            call(*args)

        return look

    for name in ("link", "unlink", "rename"):
        monkeypatch.setattr(disk.os, name, watched(getattr(os, name)))
    ok(client.upload())
    assert set(sizes) == {len(b"a film")}


def test_it_keeps_files_in_a_folder_without_links(client, settings, monkeypatch):
    def refuse(*_: Any) -> NoReturn:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(disk.os, "link", refuse)
    names = {ok(client.upload())["filename"] for _ in range(2)}
    assert {path.name for path in settings.output_dir.iterdir()} == names
    assert len(names) == 2


def test_it_deletes_part_files_that_a_killed_server_left_a_day_ago(services, settings, clock):
    for name, age in ((".arriving-old", 86_500), (".arriving-new", 60), ("film.mkv", 86_500)):
        path = settings.output_dir / name
        path.touch()
        os.utime(path, (clock.now().timestamp() - age,) * 2)
    receive.forget_expired(services.context)
    assert {path.name for path in settings.output_dir.iterdir()} == {".arriving-new", "film.mkv"}


def test_it_drops_a_file_when_its_sender_disconnects(client, settings):
    for body in (START, START + b"half a film", START + b"x" * 200_000):
        assert_problem(raw_upload(client, body, missing=1_000_000), 400)
        assert os.listdir(settings.output_dir) == []


def test_it_drops_a_file_of_an_unfinished_form(client, settings):
    for body in (b"", START, START + b"half a film", START + b"whole\r\n--c--\r\n"):
        response = raw_upload(client, body)
        assert_problem(response, 422, field="file")
        assert os.listdir(settings.output_dir) == []


def test_it_keeps_one_file_of_an_upload_with_several(client, settings):
    ok(client.upload(subtitles=(io.BytesIO(b"no film"), "a.srt")))
    assert os.listdir(settings.output_dir) == ["a.mkv"]


def test_it_opens_no_more_than_a_few_files_for_an_upload(client, settings):
    body = (START + b"x\r\n") * 500 + END
    assert_problem(raw_upload(client, body), 422, field="file")
    assert os.listdir(settings.output_dir) == []


def test_it_creates_no_file_for_a_request_without_a_key(settings, clock, monkeypatch):
    app = create_app(replace(settings, api_key="key"), clock)
    monkeypatch.setattr(part_files, "create", lambda *_: pytest.fail("made a file"))
    assert_problem(app.test_client().upload(), 401)
    app.extensions[EXTENSION].context.database.close()


def test_it_drops_only_its_own_file(client, settings):
    ok(client.upload())
    (settings.output_dir / f"{PART_PREFIX}other").touch()
    assert_problem(client.upload(name="x" * 256), 422)
    names = sorted(path.name for path in Path(settings.output_dir).iterdir())
    assert names == [f"{PART_PREFIX}other", "a.mkv"]
