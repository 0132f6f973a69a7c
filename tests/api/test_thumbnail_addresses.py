"""No address leads out of the thumbnails' folder, however it is written."""

import pytest
from flask.testing import FlaskClient

from boz_server.settings import Settings
from tests.support import JPEG, assert_problem, detect, ok, register_agent, titles

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
]


@pytest.fixture
def disc_id(client: FlaskClient, settings: Settings) -> str:
    """A disc with a thumbnail, and secrets beside it and in the folders around."""
    register_agent(client)
    disc_id = str(detect(client, titles=titles(43, thumbnails=[JPEG]))["disc_id"])
    kept = settings.thumbnails_dir
    (kept / disc_id / "secret.jpg").write_bytes(b"secret")
    for folder in (kept, kept.parent, kept.parent.parent):
        for name in ("secret.jpg", "title_0_0.jpg"):
            (folder / name).write_bytes(b"secret")
    return disc_id


@pytest.mark.parametrize("address", FILES)
def test_it_answers_404_for_an_address_that_is_none(
    client: FlaskClient, disc_id: str, address: str
) -> None:
    answer = client.get(f"/api/thumbnails/{address.format(id=disc_id)}")
    assert_problem(answer, 404)


def test_it_answers_404_for_a_thumbnail_that_is_not_kept(client: FlaskClient, disc_id: str) -> None:
    assert_problem(client.get(f"/api/thumbnails/{disc_id}/title_0_1.jpg"), 404, "dropped")
    assert_problem(client.get("/api/thumbnails/nothing/title_0_0.jpg"), 404, "dropped")


@pytest.mark.parametrize("owner", ["..", "%2e%2e", ".", "%2e", "..%5c", "a.b", "%20", "a" * 65])
def test_it_deletes_and_counts_nothing_elsewhere(
    client: FlaskClient, settings: Settings, disc_id: str, owner: str
) -> None:
    before = sorted(settings.temp_dir.rglob("*"))
    counted = client.get(f"/api/thumbnails/{owner}")
    deleted = client.delete(f"/api/thumbnails/{owner}")
    assert counted.status_code == 404 or ok(counted)["thumbnail_count"] == 0
    assert deleted.status_code == 404 or ok(deleted)["deleted"] == 0
    assert sorted(settings.temp_dir.rglob("*")) == before
