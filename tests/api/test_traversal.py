"""Names and ids that try to lead out of the folders they stand for: none does."""

import base64
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from boz_server.database.models import Title
from boz_server.settings import Settings
from tests.client import ok
from tests.endpoints import assert_handled
from tests.remote import FILM, given_away, library_files, send, send_result, shared

# Names become paths in code that asks no database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SECRET = b"no one's business"
#: As clients may write them in a form, a header or a query.
PLAIN = (
    "../outside.mkv",
    "../../outside.mkv",
    "../" * 12 + "etc/passwd",
    "..\\outside.mkv",
    "..\\..\\outside.mkv",
    "/etc/passwd",
    "//etc/passwd",
    "\\\\host\\share\\outside.mkv",
    "C:\\outside.mkv",
    "C:outside.mkv",
    "C:/../outside.mkv",
    "file:///etc/passwd",
    "\\\\?\\C:\\outside.mkv",
    "....//outside.mkv",
    "..././outside.mkv",
    "./../outside.mkv",
    "a/../../outside.mkv",
    "a\\..\\..\\outside.mkv",
    "..",
    ".",
    "~/outside.mkv",
    "..\u2215outside.mkv",
    "\uff0e\uff0e\uff0foutside.mkv",
    "..;/outside.mkv",
    "outside.mkv\n../x",
    " ../outside.mkv",
    "link.mkv",
    ".arriving-x",
)
#: As they may stand in an address, beside the plain ones.
ENCODED = (
    "%2e%2e%2foutside.mkv",
    "%2e%2e/outside.mkv",
    "..%2foutside.mkv",
    "..%5coutside.mkv",
    "%252e%252e%252foutside.mkv",
    "..%252foutside.mkv",
    "%c0%ae%c0%ae%c0%afoutside.mkv",
    "..%c0%afoutside.mkv",
    "%uff0e%uff0e%u2215outside.mkv",
    "%00../outside.mkv",
    "..%00/outside.mkv",
    "outside.mkv%00.jpg",
    "%2fetc%2fpasswd",
    "%2F..%2Foutside.mkv",
)
IN_ADDRESSES = (*PLAIN, *(quote(name, safe="") for name in PLAIN), *ENCODED)
TUS = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0",
       "Content-Type": "application/offset+octet-stream"}  # fmt: skip


@pytest.fixture(autouse=True)
def outside(settings) -> Iterator[dict[Path, bytes]]:
    """Files that are none of ours, beside each folder; they are as they were at the end."""
    root = settings.output_dir.parent
    files = {root / name: SECRET for name in ("outside.mkv", "passwd", "x")}
    files |= {settings.temp_dir / "outside.mkv": SECRET}
    for path, content in files.items():
        path.write_bytes(content)
    (settings.output_dir / "link.mkv").symlink_to(root / "outside.mkv")
    (settings.output_dir / ".arriving-x").write_bytes(SECRET)
    files[settings.output_dir / ".arriving-x"] = SECRET
    folders = {"temp", "output", "nas"}
    before = {path for path in root.iterdir() if not path.name.startswith("boz.db")} | {
        root / name for name in folders
    }
    yield files
    assert {path: path.read_bytes() for path in files} == files
    after = {path for path in root.iterdir() if not path.name.startswith("boz.db")}
    assert after <= before


def assert_tells_nothing(content: bytes, name: str) -> None:
    assert SECRET not in content, name
    assert b"root:" not in content, name


def test_no_address_leads_anywhere_else(app, client, settings):
    """Each endpoint with a name or an id in its address."""
    shared(app, settings)
    for rule in app.url_map.iter_rules():
        if not rule.arguments:
            continue
        for name in IN_ADDRESSES:
            path = re.sub(r"<[^>]+>", lambda _, name=name: name, rule.rule)
            for method in (rule.methods or set()) - {"OPTIONS"}:
                tus = rule.endpoint.startswith("uploads.")
                response = client.open(
                    path,
                    method=method,
                    headers=TUS if tus else None,
                    data=b"x" if tus and method in ("PATCH", "POST") else None,
                    json={} if not tus and method in ("POST", "PATCH", "PUT") else None,
                    buffered=True,
                )
                assert_tells_nothing(response.data, name)
                # HEAD has no body that could be a problem.
                if method != "HEAD":
                    assert_handled(response, path)
                if rule.endpoint.startswith(("files.", "uploads.", "thumbnails.")):
                    assert response.status_code in (200, 308, 400, 404, 405, 422), path
                    if response.status_code == 200:
                        assert method in ("GET", "HEAD"), path
    assert library_files(settings) == {}


@pytest.mark.parametrize("name", PLAIN)
def test_no_name_in_a_form_leads_anywhere_else(app, client, settings, name):
    services = shared(app, settings)
    for form in (
        {"name": name, "file": (BytesIO(FILM), "a.mkv")},
        {"file": (BytesIO(FILM), name)},
        {"name": name, "file": (BytesIO(FILM), name)},
        {"name": f"{name} - S01E01", "file": (BytesIO(FILM), "a.mkv")},
        {"name": f"{name} (2005)", "file": (BytesIO(FILM), "a.mkv")},
    ):
        response = client.post("/api/files/upload", data=form)
        if response.status_code == 200:
            path = Path(response.get_json()["path"])
            assert path.parent == settings.output_dir
            assert not path.name.startswith(".")
        else:
            assert_handled(response, form)
    services.organizer.run()
    assert_filed(settings)


@pytest.mark.parametrize("name", PLAIN)
def test_no_name_of_an_upload_leads_anywhere_else(app, client, settings, name):
    services = shared(app, settings)
    filename = base64.b64encode(name.encode()).decode()
    said = {"Upload-Length": str(len(FILM)), "Upload-Metadata": f"filename {filename}"}
    response = client.post("/api/uploads", headers=TUS | said, data=FILM)
    assert response.status_code == 201, response.text
    shown = ok(client.get(response.headers["Location"]))
    assert Path(shown["path"]).parent == settings.output_dir
    services.organizer.run()
    assert_filed(settings)


@pytest.mark.parametrize("name", PLAIN)
def test_no_name_of_a_result_leads_anywhere_else(app, client, settings, name):
    """The name that a person gave the job, and the one that the worker sends."""
    services = shared(app, settings)
    work = given_away(client, output_name=name)
    ok(send_result(client, work))
    services.organizer.run()
    (path,) = assert_filed(settings)
    assert client.job(work["job_id"])["output_file"] == str(settings.nas_mount / path)


@pytest.mark.parametrize("name", PLAIN)
def test_no_folder_of_a_preview_leads_anywhere_else(app, client, settings, name):
    services = shared(app, settings)
    client.register_agent()
    disc_id = client.detect()["disc_id"]
    edit = {"index": 0, "proposed_path": name, "proposed_filename": name}
    response = client.post(
        f"/api/discs/{disc_id}/preview/approve", json={"title_edits": [{**edit, "selected": True}]}
    )
    assert response.status_code in (200, 422)
    work = given_away(client)
    ok(send_result(client, work))
    services.organizer.run()
    assert_filed(settings)


@pytest.mark.parametrize("name", PLAIN)
def test_no_folder_of_a_database_from_before_leads_anywhere_else(app, client, settings, name):
    """Earlier versions kept what a person wrote as it was."""
    services = shared(app, settings)
    work = given_away(client)
    with services.context.database.write():
        Title.update(proposed_path=name, proposed_filename=name).execute()
    ok(send_result(client, work))
    services.organizer.run()
    assert all(not path.startswith((".", "/")) for path in library_files(settings))


@pytest.mark.parametrize("name", PLAIN)
def test_no_name_that_a_person_gives_a_file_leads_anywhere_else(app, client, settings, name):
    services = shared(app, settings)
    queries = (
        {"name": name},
        {"name": name, "media_type": "movie", "year": "2005"},
        {"name": name, "media_type": "tv", "season": "1", "episode": "2"},
    )
    for number, query in enumerate(queries):
        (settings.output_dir / f"{number}.mkv").write_bytes(bytes([number]))
        address = f"/api/files/organize/{number}.mkv"
        response = client.post(address, query_string=query)
        assert_handled(response, query)
    services.organizer.run()
    assert_filed(settings)


@pytest.mark.parametrize("name", PLAIN)
def test_no_organize_job_takes_a_file_from_elsewhere(app, client, settings, name):
    services = shared(app, settings)
    for path in (name, f"{settings.output_dir}/{name}", str(settings.temp_dir / "outside.mkv")):
        body = {"job_type": "organize", "input_file": path, "output_name": name}
        assert_handled(client.post("/api/jobs", json=body), body)
    services.organizer.run()
    assert library_files(settings) == {}
    assert (settings.output_dir / "link.mkv").is_symlink()


@pytest.mark.parametrize("name", PLAIN)
def test_no_plex_scan_leads_anywhere_else(app, client, name):
    """Without Plex it is refused; with it, tests/notifications/test_media_servers.py."""
    response = client.post("/api/files/plex/scan/movie", query_string={"path": name})
    assert response.status_code == 400


def test_no_file_of_an_attempt_leads_anywhere_else(client, settings):
    work = given_away(client)
    for name in PLAIN:
        query = {"lease_token": work["lease_token"]}
        for job_id in (name, quote(name, safe="")):
            address = f"/api/files/download/{job_id}?{urlencode(query)}"
            response = client.get(address, buffered=True)
            assert response.status_code in (404, 405, 308), name
            assert_tells_nothing(response.data, name)
        said = {"purpose": "job_output", "lease_token": work["lease_token"]}
        assert send(client, FILM, "x", job_id=name, **said).status_code in (404, 422), name


def assert_filed(settings: Settings) -> list[str]:
    """The files of the library: below its two folders, none hidden, none a link."""
    found = list(library_files(settings))
    for path in found:
        assert path.startswith(("Movies/", "TV Shows/")), path
        assert not any(part.startswith(".") for part in path.split("/")), path
    return found
