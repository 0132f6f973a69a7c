"""Thumbnails come as base64 in reports and are fetched by their addresses."""

import base64
import struct
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from boz_server.schemas.fields import MAX_THUMBNAIL_BYTES
from boz_server.settings import Settings
from tests.client import Client, ok, titles
from tests.support import JPEG, assert_problem, unchanged

pytestmark = pytest.mark.usefixtures("pc")

IMAGE = base64.b64decode(JPEG)
LARGEST = IMAGE.ljust(MAX_THUMBNAIL_BYTES, b"\0")
OVERSIZED = LARGEST + b"\0"


def encoded(image: bytes) -> str:
    """An image as agents send it."""
    return base64.b64encode(image).decode()


def resized(width: int, height: int) -> bytes:
    """The image with other sides in its header."""
    frame = b"\xff\xc0\x00\x0b\x08"
    return IMAGE.replace(frame + b"\0\1\0\1", frame + struct.pack(">HH", height, width))


def with_thumbnails(client: Client, images: Any, seconds: Any = None) -> dict[str, Any]:
    """A disc of one title with thumbnails; gives the title, and the disc's id with it."""
    client.register_agent()
    shown = titles(43, thumbnails=images, thumbnail_timestamps=seconds)
    disc = client.detect(titles=shown)
    return {**disc["titles"][0], "disc_id": disc["disc_id"]}


def kept(settings: Settings) -> list[Path]:
    """All files below the thumbnails' folder."""
    return [path for path in settings.thumbnails_dir.rglob("*") if path.is_file()]


def test_it_gives_each_thumbnail_an_address(client):
    title = with_thumbnails(client, [JPEG, JPEG], [300, 900.7])
    assert title["thumbnail_timestamps"] == [300, 900]
    assert title["thumbnails"] == [
        f"/api/thumbnails/{title['disc_id']}/title_0_300.jpg",
        f"/api/thumbnails/{title['disc_id']}/title_0_900.jpg",
    ]


def test_it_sends_a_thumbnail_to_be_cached_for_an_hour(client):
    answer = client.get(with_thumbnails(client, [JPEG], [300])["thumbnails"][0])
    assert (answer.status_code, answer.data) == (200, IMAGE)
    assert answer.content_type == "image/jpeg"
    assert answer.cache_control.max_age == 3600


def test_it_takes_a_data_url_with_line_breaks(client):
    image = f"data:image/jpeg;base64,{JPEG[:76]}\r\n{JPEG[76:]}"
    title = with_thumbnails(client, [image])
    assert client.get(title["thumbnails"][0]).data == IMAGE


def test_it_tells_thumbnails_without_a_second_of_their_own_apart(client):
    images = [encoded(IMAGE + bytes([number])) for number in range(4)]
    title = with_thumbnails(client, images, [2, 2])
    assert title["thumbnail_timestamps"] == [2, 3, 4, 5]
    found = [client.get(address).data for address in title["thumbnails"]]
    assert found == [IMAGE + bytes([number]) for number in range(4)]


def test_it_keeps_the_thumbnails_of_each_title_apart(client):
    shown = titles(43, 44, thumbnails=[JPEG])
    shown[1]["thumbnails"] = [encoded(IMAGE + b"2")]
    disc = client.detect(titles=shown)
    addresses = [title["thumbnails"][0] for title in disc["titles"]]
    assert [client.get(address).data for address in addresses] == [IMAGE, IMAGE + b"2"]


def test_it_serves_the_address_of_any_title(client):
    title = titles(43, index=2**31 - 1, thumbnails=[JPEG], thumbnail_timestamps=[2**29 - 1])
    disc = client.detect(titles=title)
    assert client.get(disc["titles"][0]["thumbnails"][0]).data == IMAGE


def test_it_counts_what_is_kept_of_a_disc(client):
    disc_id = with_thumbnails(client, [JPEG, JPEG])["disc_id"]
    answer = client.get(f"/api/thumbnails/{disc_id}")
    assert ok(answer) == {"disc_id": disc_id, "thumbnail_count": 2}


def test_it_counts_none_of_an_unknown_disc(client):
    answer = client.get("/api/thumbnails/nothing")
    assert ok(answer) == {"disc_id": "nothing", "thumbnail_count": 0}


def test_it_drops_thumbnails_when_told(client, settings):
    title = with_thumbnails(client, [JPEG, JPEG])
    address = f"/api/thumbnails/{title['disc_id']}"
    assert ok(client.delete(address)) == {"disc_id": title["disc_id"], "deleted": 2}
    assert ok(client.delete(address)) == {"disc_id": title["disc_id"], "deleted": 0}
    assert ok(client.get("/api/discs"))[0]["titles"][0]["thumbnails"] == []
    assert_problem(client.get(title["thumbnails"][0]), 404, "dropped")
    assert kept(settings) == []


def test_it_drops_the_thumbnails_of_that_disc_alone(client):
    first = with_thumbnails(client, [JPEG])
    second = client.detect(drive="E:", titles=titles(43, thumbnails=[JPEG]))
    ok(client.delete(f"/api/thumbnails/{first['disc_id']}"))
    assert client.get(second["titles"][0]["thumbnails"][0]).status_code == 200
    assert client.disc(second["disc_id"]) == second


def test_it_drops_thumbnails_at_the_approval(client, settings):
    title = with_thumbnails(client, [JPEG])
    approved = client.approve(title["disc_id"])
    assert approved["titles"][0]["thumbnails"] == []
    assert approved["titles"][0]["thumbnail_timestamps"] == []
    assert_problem(client.get(title["thumbnails"][0]), 404, "dropped")
    assert kept(settings) == []


def test_it_keeps_thumbnails_when_the_approval_is_refused(client):
    title = with_thumbnails(client, [JPEG])
    body = {"title_edits": [{"index": 9}]}
    client.refused(422).post(f"/api/discs/{title['disc_id']}/preview/approve", json=body)
    assert client.get(title["thumbnails"][0]).status_code == 200


def test_it_keeps_the_thumbnails_of_a_job(client):
    job = client.create_job(thumbnails=[JPEG], thumbnail_timestamps=[300], title_index=2)
    assert job["thumbnails"] == [f"/api/thumbnails/{job['job_id']}/title_2_300.jpg"]
    assert client.get(job["thumbnails"][0]).data == IMAGE
    ok(client.delete(f"/api/thumbnails/{job['job_id']}"))
    assert client.job(job["job_id"])["thumbnails"] == []


def test_it_leaves_out_thumbnails_beyond_the_first_eight(client):
    disc = client.detect(titles=titles(90, thumbnails=[JPEG] * 9))
    assert disc["titles"][0]["thumbnail_timestamps"] == list(range(8))
    count = ok(client.get(f"/api/thumbnails/{disc['disc_id']}"))
    assert count["thumbnail_count"] == 8


def test_it_keeps_eight_of_a_title_that_is_reported_again(client, settings):
    first = with_thumbnails(client, [JPEG] * 8, list(range(8)))
    again = with_thumbnails(client, [JPEG] * 8, list(range(4, 12)))
    assert again["disc_id"] == first["disc_id"]
    assert again["thumbnail_timestamps"] == list(range(4, 12))
    assert len(kept(settings)) == 8
    for address in again["thumbnails"]:
        assert client.get(address).status_code == 200
    assert_problem(client.get(first["thumbnails"][0]), 404, "dropped")


def test_it_keeps_thumbnails_that_a_later_report_leaves_out(client):
    first = with_thumbnails(client, [JPEG])
    again = with_thumbnails(client, None)
    assert again == first
    assert client.get(first["thumbnails"][0]).status_code == 200


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"thumbnails": [encoded(b"\x89PNG\r\n\x1a\n")]}, "thumbnails.0"),
        ({"thumbnails": [encoded(b"<svg/>")]}, "thumbnails.0"),
        ({"thumbnails": [JPEG, ""]}, "thumbnails.1"),
        ({"thumbnails": [encoded(IMAGE[:20])]}, "thumbnails.0"),
        ({"thumbnails": [encoded(b"\xff\xd8\xff\xe0<script>")]}, "thumbnails.0"),
        ({"thumbnails": [encoded(resized(0, 1))]}, "thumbnails.0"),
        ({"thumbnails": [encoded(resized(1, 0))]}, "thumbnails.0"),
        ({"thumbnails": [JPEG, encoded(resized(4097, 1))]}, "thumbnails.1"),
        ({"thumbnails": [encoded(resized(65535, 65535))]}, "thumbnails.0"),
        ({"thumbnails": ["not base64!"]}, "thumbnails.0"),
        ({"thumbnails": ["/9j/4"]}, "thumbnails.0"),
        ({"thumbnails": ["\u00ff\u00d8\u00ff"]}, "thumbnails.0"),
        ({"thumbnails": ["http://192.0.2.1/a.jpg"]}, "thumbnails.0"),
        ({"thumbnails": [None]}, "thumbnails.0"),
        ({"thumbnails": [7]}, "thumbnails.0"),
        ({"thumbnails": JPEG}, "thumbnails"),
        ({"thumbnails": [encoded(OVERSIZED)]}, "thumbnails.0"),
        ({"thumbnails": [JPEG], "thumbnail_timestamps": [-1]}, "thumbnail_timestamps.0"),
        ({"thumbnails": [JPEG], "thumbnail_timestamps": [2**31]}, "thumbnail_timestamps.0"),
        ({"thumbnails": [JPEG], "thumbnail_timestamps": ["soon"]}, "thumbnail_timestamps.0"),
        ({"thumbnails": [JPEG], "thumbnail_timestamps": 300}, "thumbnail_timestamps"),
    ],
)
def test_it_refuses_thumbnails_that_can_not_be(client, services, sent, field):
    body = {
        "agent_id": "pc",
        "drive": "D:",
        "disc_name": "FIREFLY_S01_D1",
        "disc_type": "DVD disc",
        "titles": titles(43, **sent),
    }
    client.refused(422, field=f"titles.0.{field}").post("/api/discs/detected", json=body)
    assert kept(services.context.settings) == []


def test_it_takes_as_much_as_it_may(client):
    images = [encoded(LARGEST)] + [JPEG] * 7
    assert len(with_thumbnails(client, images)["thumbnails"]) == 8


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
