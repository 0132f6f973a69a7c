"""No address leads out of the thumbnails' folder, however it is written."""

from itertools import product
from pathlib import Path

import pytest

from boz_server.settings import Settings
from tests.client import titles
from tests.support import JPEG, assert_problem, unchanged

#: Relative to {id}, the folder of a disc with thumbnails.
FILES = [
    "{id}/../secret.jpg",
    "{id}/..%2Fsecret.jpg",
    "{id}/%2e%2e/secret.jpg",
    "{id}/%2e%2e%2fsecret.jpg",
    "{id}/%252e%252e%252fsecret.jpg",
    "{id}/..%5Csecret.jpg",
    "{id}/..\\secret.jpg",
    "{id}/%c0%ae%c0%ae%c0%afsecret.jpg",
    "{id}/%uff0e%uff0e/secret.jpg",
    "{id}/\uff0e\uff0e/secret.jpg",
    "{id}/title_0_0.jpg%00",
    "{id}/title_0_0.jpg%0a",
    "{id}/title_0_0.jpg/",
    "{id}/title_0_0.jpg.part",
    "{id}/title_0_0.JPG",
    "{id}/title_-1_0.jpg",
    "{id}/title_\u0660_0.jpg",
    "{id}/title_0_0.jpg/../../secret.jpg",
    "{id}/title_0_..%2fsecret.jpg",
    "../thumbnails/{id}/title_0_0.jpg",
    "..%2Fthumbnails%2F{id}/title_0_0.jpg",
    "{id}/secret.jpg",
    "{id}/%2e",
    "%2e%2e/secret.jpg",
    "%2e%2e/title_0_0.jpg",
    "%2e/title_0_0.jpg",
    "..%2f/secret.jpg",
    ".%2f{id}/title_0_0.jpg",
    "%2Ftmp/title_0_0.jpg",
    "{id}%2F..%2F{id}/title_0_0.jpg",
    "{id}%00/title_0_0.jpg",
    "{id}%20/title_0_0.jpg",
    "C:/title_0_0.jpg",
    "{id}/" + "../" * 40 + "etc/passwd",
    "{id}/title_" + "0" * 5000 + "_0.jpg",
]

#: Where the id of a disc or job stands.
OWNERS = [
    "..",
    ".",
    "...",
    "%2e%2e",
    "%2e",
    ".%2e",
    "%252e%252e",
    "%25252e%25252e",
    "..%2f",
    "..%2f..%2f",
    "..%2fthumbnails",
    "%2e%2e%2f{id}",
    "..%5c",
    "..\\",
    "..%5c..%5csecret.jpg",
    "%c0%ae%c0%ae",
    "%c0%ae%c0%ae%c0%af",
    "%e0%80%ae%e0%80%ae",
    "%uff0e%uff0e",
    "\uff0e\uff0e",
    "\u2024\u2024",
    "\u2025",
    "%2Ftmp",
    "%2Fetc%2Fpasswd",
    "C:",
    "C:%5c",
    "~",
    "%00",
    "..%00",
    "{id}%00",
    "{id}%00.jpg",
    "{id}%2F..",
    "{id}%2F..%2F{id}",
    "{id}%5c..",
    "{id}.",
    "{id}%20",
    "{id}%0a",
    "{id};",
    "a.b",
    "%20",
    "*",
    "a" * 65,
    "a" * 5000,
    "../" * 40,
    "..%2f" * 40,
]


@pytest.fixture
def disc_id(client, settings) -> str:
    """A disc with a thumbnail, and secrets beside it and in the folders around."""
    client.register_agent()
    disc_id = str(client.detect(titles=titles(43, thumbnails=[JPEG]))["disc_id"])
    kept = settings.thumbnails_dir
    (kept / disc_id / "secret.jpg").write_bytes(b"secret")
    for folder in (kept, kept.parent, kept.parent.parent):
        for name in ("secret.jpg", "title_0_0.jpg"):
            (folder / name).write_bytes(b"secret")
    return disc_id


def test_it_answers_404_for_a_thumbnail_that_is_not_kept(client, disc_id):
    assert_problem(client.get(f"/api/thumbnails/{disc_id}/title_0_1.jpg"), 404, "dropped")
    assert_problem(client.get("/api/thumbnails/nothing/title_0_0.jpg"), 404, "dropped")


def test_it_deletes_and_counts_nothing_elsewhere(client, services, disc_id, subtests):
    before = contents(services.context.settings)
    for address in (*OWNERS, *FILES):
        path = f"/api/thumbnails/{address.format(id=disc_id)}"
        with subtests.test(address=address), unchanged(services):
            assert_problem(client.get(path), 404)
            deleted = client.delete(path)
            # There is nothing to delete below an id; a path of more parts is no address at all.
            assert_problem(deleted, deleted.status_code)
            assert deleted.status_code in (404, 405)
            assert contents(services.context.settings) == before


def test_it_serves_nothing_of_what_is_no_id(client, disc_id, subtests):
    for owner, name in product(OWNERS, ("title_0_0.jpg", "secret.jpg")):
        with subtests.test(owner=owner, name=name):
            path = f"/api/thumbnails/{owner.format(id=disc_id)}/{name}"
            assert_problem(client.get(path), 404)


def contents(settings: Settings) -> dict[Path, bytes]:
    """Every file in and around the thumbnails' folder."""
    folder = settings.temp_dir.parent
    return {path: path.read_bytes() for path in folder.rglob("*.jpg")}
