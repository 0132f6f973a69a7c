"""Finished files are uploaded, listed and deleted."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from urllib3.filepost import encode_multipart_formdata
from werkzeug.test import TestResponse

from boz_server.services.library import output_folder
from boz_server.services.uploads.part_files import PART_PREFIX
from tests.client import Client, ok
from tests.support import assert_problem

#: Files never touch the database: one engine will do.
pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

FILM = b"\x1aE\xdf\xa3 a film"


@pytest.fixture
def folder(settings) -> Path:
    """The output folder."""
    return settings.output_dir


def upload(
    client: Client, name: str | None, sent_as: str = "rip.mkv", content: bytes = FILM
) -> TestResponse:
    form: dict[str, Any] = {"file": (sent_as, content)}
    if name is not None:
        form["name"] = name
    # As agents encode it; Werkzeug's own way leaves out the empty line of an empty name.
    body, content_type = encode_multipart_formdata(form)
    return client.post("/api/files/upload", data=body, content_type=content_type)


def test_it_keeps_a_file(client, folder):
    path = folder / "Serenity (2005).mkv"
    assert ok(upload(client, "Serenity (2005)")) == {
        "status": "ok",
        "filename": "Serenity (2005).mkv",
        "name": "Serenity (2005)",
        "path": str(path),
        "final_path": str(path),
        "size": len(FILM),
        "organized": False,
        "organize_job_id": None,
        "metadata": {
            "media_type": "movie", "movie_name": "Serenity", "year": 2005, "extension": ".mkv"
        },
    }  # fmt: skip
    assert path.read_bytes() == FILM
    assert os.listdir(folder) == [path.name]


def test_it_returns_the_metadata_of_an_episodes_name(client):
    assert ok(upload(client, "Firefly - S01E02 - The Train Job.mkv"))["metadata"] == {
        "media_type": "tv",
        "show_name": "Firefly",
        "season": 1,
        "episode": 2,
        "episode_title": "The Train Job",
        "extension": ".mkv",
    }


def test_it_uses_the_senders_name_if_no_other_is_given(client):
    for name in (None, ""):
        answer = ok(upload(client, name, "Serenity (2005).mp4"))
        assert answer["name"] == "Serenity (2005).mp4"
        assert answer["metadata"]["extension"] == ".mp4"


def test_it_adds_the_extension_of_the_file_once(client):
    assert ok(upload(client, "a"))["filename"] == "a.mkv"
    assert ok(upload(client, "b.MKV"))["filename"] == "b.MKV"
    assert ok(upload(client, "Vol. 1"))["filename"] == "Vol. 1.mkv"
    assert ok(upload(client, "c", "none"))["filename"] == "c"


def test_it_numbers_a_name_that_is_taken(client, folder):
    for content, filename in ((b"1", "a.mkv"), (b"2", "a (2).mkv"), (b"3", "a (3).mkv")):
        answer = ok(upload(client, "a", content=content))
        assert (answer["filename"], answer["path"]) == (filename, str(folder / filename))
        assert (folder / filename).read_bytes() == content


def test_it_reads_metadata_from_the_name_that_was_asked_for(client):
    ok(upload(client, "Serenity (2005)"))
    again = ok(upload(client, "Serenity (2005)"))
    assert again["filename"] == "Serenity (2005) (2).mkv"
    assert (again["metadata"]["movie_name"], again["metadata"]["year"]) == ("Serenity", 2005)


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("../../x", "-..-x.mkv"),
        ("/etc/passwd", "-etc-passwd.mkv"),
        ("C:\\Windows\\x", "C --Windows-x.mkv"),
        ("..", "mkv"),
        ("CON.mkv", "CON_.mkv"),
        ("nul", "nul_.mkv"),
        (".hidden", "hidden.mkv"),
        (PART_PREFIX + "x", "arriving-x.mkv"),
        ('What? "Now": *', "What Now - .mkv"),
        ("two\nlines\t", "two lines .mkv"),
        ("gpj.\u202eexe", "gpj. exe.mkv"),
        ("Ame\u0301lie", "Am\u00e9lie.mkv"),
    ],
)
def test_it_makes_every_name_safe(client, folder, name, filename):
    assert ok(upload(client, name))["filename"] == filename
    assert [path.name for path in folder.iterdir()] == [filename]
    assert not [path for path in folder.parent.glob("*x*") if not path.name.startswith("boz.db")]


def test_it_makes_the_senders_name_safe(client, folder):
    for sent_as in ("../../x.mkv", "..\\..\\x.mkv", "/x.mkv"):
        path = Path(ok(upload(client, None, sent_as))["path"])
        assert (path.parent, path.suffix) == (folder, ".mkv")
        assert path.is_file()


def test_it_lets_everyone_read_a_file_as_any_other_new_file(client, folder):
    (folder / "plain").touch()
    path = Path(ok(upload(client, "a"))["path"])
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((folder / "plain").stat().st_mode)


def test_it_refuses_an_upload_without_a_file(client, folder):
    for response in (
        client.post("/api/files/upload"),
        client.post("/api/files/upload", json={"file": "a", "name": "b"}),
        client.post("/api/files/upload", data={"name": "a"}),
        client.post("/api/files/upload", data={"file": "not a file", "name": "a"}),
    ):
        assert_problem(response, 422, "file", field="file")
    assert os.listdir(folder) == []


def test_it_refuses_an_impossible_name(client, folder):
    for name in ("x" * 256, "a\0b"):
        assert_problem(upload(client, name), 422, "name", field="name")
    assert os.listdir(folder) == []


def test_it_takes_a_name_at_the_limit(client):
    filename = ok(upload(client, "ü" * 255))["filename"]
    assert filename.endswith("ü.mkv")
    assert len(filename.encode()) <= 200


def test_it_lists_files_by_name(client, folder):
    for name in ("b", "a"):
        ok(upload(client, name, content=name.encode() * 5))
    os.utime(folder / "a.mkv", (1_700_000_000, 1_700_000_000.9))
    os.utime(folder / "b.mkv", (1_700_000_001, 1_700_000_001))
    assert ok(client.get("/api/files")) == {
        "files": [
            {"name": "a.mkv", "size": 5, "modified": 1_700_000_000},
            {"name": "b.mkv", "size": 5, "modified": 1_700_000_001},
        ]
    }


def test_it_lists_finished_files_only(client, folder):
    (folder / f"{PART_PREFIX}1").touch()
    (folder / ".DS_Store").touch()
    (folder / "Season 01").mkdir()
    (folder / "link.mkv").symlink_to(__file__)
    (folder / "gone.mkv").symlink_to("nowhere")
    assert ok(client.get("/api/files")) == {"files": []}


def test_it_leaves_out_a_file_that_vanishes_while_it_lists(folder, settings, monkeypatch):
    (folder / "there.mkv").touch()
    seen = [folder / "gone.mkv", folder / "there.mkv"]
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(seen))
    assert [file.name for file in output_folder.list_files(settings)] == ["there.mkv"]


def test_it_deletes_a_file(client, folder):
    ok(upload(client, "What is 5% (2001)"))
    name = "What is 5% (2001).mkv"
    response = client.delete("/api/files/What%20is%205%25%20(2001).mkv")
    assert ok(response) == {"status": "ok", "deleted": name}
    assert os.listdir(folder) == []
    assert_problem(client.delete("/api/files/What%20is%205%25%20(2001).mkv"), 404, name)


def test_it_deletes_nothing_but_finished_files_in_the_folder(client, folder):
    outside = folder.parent / "outside.mkv"
    outside.touch()
    (folder / "sub").mkdir()
    (folder / "sub" / "a.mkv").touch()
    (folder / f"{PART_PREFIX}1").touch()
    (folder / "link.mkv").symlink_to(outside)
    for name in (
        "..",
        ".",
        "../outside.mkv",
        "..%2Foutside.mkv",
        "%2e%2e%2foutside.mkv",
        "..%5Coutside.mkv",
        str(outside),
        "sub",
        "sub/a.mkv",
        "sub%2Fa.mkv",
        f"{PART_PREFIX}1",
        "link.mkv",
        "none.mkv",
        "x" * 300,
        "%00",
        "%FF%FE",
    ):
        assert client.delete(f"/api/files/{name}").status_code in (404, 405), name
    assert outside.exists()
    assert sorted(os.listdir(folder)) == [f"{PART_PREFIX}1", "link.mkv", "sub"]
    assert (folder / "sub" / "a.mkv").exists()
