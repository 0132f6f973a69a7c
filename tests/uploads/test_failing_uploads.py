"""Uploads that are large, cut off, refused or do not fit: nothing of them is left behind."""

import errno
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from boz_server import create_app, disk
from boz_server.api.context import EXTENSION
from boz_server.services.uploads import part_files
from boz_server.services.uploads.part_files import PART_PREFIX, Part
from tests.client import Client, ok
from tests.support import assert_problem

#: Files never touch the database: one engine will do.
pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def narrow(settings, clock) -> Iterator[Flask]:
    """An application that takes JSON of at most a kilobyte."""
    app = create_app(replace(settings, max_json_bytes=1024), clock)
    yield app
    app.extensions[EXTENSION].context.database.close()


def upload(client: Client, **extra: Any) -> TestResponse:
    form = {"file": (io.BytesIO(b"a film"), "a.mkv"), "name": "a", **extra}
    return client.post("/api/files/upload", data=form)


def raw_upload(client: Client, body: bytes, *, missing: int = 0) -> TestResponse:
    """Upload a body by hand; `missing` bytes that were announced never arrive."""
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


def test_it_still_limits_what_is_no_upload(narrow):
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


def test_it_drops_a_file_that_could_not_be_made_safe_on_disk(client, settings, monkeypatch):
    def fail(_: Part) -> NoReturn:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Part, "sync", fail)
    assert_problem(upload(client), 507, "full")
    assert os.listdir(settings.output_dir) == []


def test_it_leaves_no_empty_file_where_a_name_can_not_be_given(client, settings, monkeypatch):
    def fail(*_: Any) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(disk.os, "link", fail)
    monkeypatch.setattr(disk.os, "rename", fail)
    assert_problem(upload(client), 500)
    assert list(settings.output_dir.glob("[!.]*")) == []


def test_it_has_no_file_that_is_not_whole_at_any_moment(client, settings, monkeypatch):
    """A server that is killed leaves what there is just then, and would list it as finished."""
    sizes: list[int] = []

    def watched(call: Any) -> Any:
        def look(*args: Any) -> None:
            sizes.extend(path.stat().st_size for path in settings.output_dir.glob("[!.]*"))
            call(*args)

        return look

    for name in ("link", "unlink", "rename"):
        monkeypatch.setattr(disk.os, name, watched(getattr(os, name)))
    ok(upload(client))
    assert set(sizes) == {len(b"a film")}


def test_it_keeps_files_in_a_folder_without_links(client, settings, monkeypatch):
    def refuse(*_: Any) -> NoReturn:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(disk.os, "link", refuse)
    names = {ok(upload(client))["filename"] for _ in range(2)}
    assert {path.name for path in settings.output_dir.iterdir()} == names
    assert len(names) == 2


def test_it_clears_what_a_killed_server_left_half_arrived_a_day_ago(services, settings, clock):
    for name, age in ((".arriving-old", 86_500), (".arriving-new", 60), ("film.mkv", 86_500)):
        path = settings.output_dir / name
        path.touch()
        os.utime(path, (clock.now().timestamp() - age,) * 2)
    services.files.uploads.forget_expired()
    assert {path.name for path in settings.output_dir.iterdir()} == {".arriving-new", "film.mkv"}


def test_it_drops_a_file_whose_sender_goes_away(client, settings):
    for body in (START, START + b"half a film", START + b"x" * 200_000):
        assert_problem(raw_upload(client, body, missing=1_000_000), 400)
        assert os.listdir(settings.output_dir) == []


def test_it_drops_a_file_without_an_end(client, settings):
    for body in (b"", START, START + b"half a film", START + b"whole\r\n--c--\r\n"):
        response = raw_upload(client, body)
        assert_problem(response, 422, field="file")
        assert os.listdir(settings.output_dir) == []


def test_it_drops_a_file_that_is_refused_for_its_name(client, settings):
    assert_problem(upload(client, name="x" * 256), 422, field="name")
    assert os.listdir(settings.output_dir) == []


def test_it_keeps_one_file_of_an_upload_with_several(client, settings):
    ok(upload(client, subtitles=(io.BytesIO(b"no film"), "a.srt")))
    assert os.listdir(settings.output_dir) == ["a.mkv"]


def test_it_opens_no_more_than_a_few_files_for_an_upload(client, settings):
    body = (START + b"x\r\n") * 500 + END
    assert_problem(raw_upload(client, body), 422, field="file")
    assert os.listdir(settings.output_dir) == []


def test_it_begins_no_file_for_one_who_may_not_come_in(settings, clock, monkeypatch):
    app = create_app(replace(settings, api_key="key"), clock)
    monkeypatch.setattr(part_files, "create", lambda *_: pytest.fail("made a file"))
    assert_problem(upload(app.test_client()), 401)
    app.extensions[EXTENSION].context.database.close()


def test_it_leaves_files_of_others_alone_when_it_drops_its_own(client, settings):
    ok(upload(client))
    (settings.output_dir / f"{PART_PREFIX}other").touch()
    assert_problem(upload(client, name="x" * 256), 422)
    names = sorted(path.name for path in Path(settings.output_dir).iterdir())
    assert names == [f"{PART_PREFIX}other", "a.mkv"]
