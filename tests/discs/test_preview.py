"""A person accepts proposed names, edits them, or refuses them."""

from typing import Any

import pytest

from tests.client import Client, ok
from tests.support import episodes, file_names

pytestmark = pytest.mark.usefixtures("pc")


def disc_id(client: Client, *args: Any, **kwargs: Any) -> str:
    """The id of a disc with three episodes and an extra."""
    return str(client.detect(*args, **kwargs)["disc_id"])


def edit(client: Client, disc: str, index: int, **changes: Any) -> dict[str, Any]:
    """A title after a person approved its disc with an edit of it."""
    approved = client.approve(disc, title_edits=[{"index": index, **changes}])
    return dict(approved["titles"][index])


def test_it_approves_what_is_proposed(client):
    disc = client.detect()
    answer = client.post(f"/api/discs/{disc['disc_id']}/preview/approve")
    assert ok(answer) == disc | {"preview_status": "approved"}
    assert client.disc(disc["disc_id"]) == ok(answer)


@pytest.mark.parametrize("body", [{}, {"title_edits": None}, {"title_edits": []}, {"by": "me"}])
def test_it_approves_without_edits(client, body):
    disc = client.detect()
    assert client.approve(disc["disc_id"], **body) == disc | {"preview_status": "approved"}


def test_it_approves_again_with_the_same_answer(client):
    disc = disc_id(client)
    assert client.approve(disc) == client.approve(disc)
    client.rip(disc)
    assert client.approve(disc)["status"] == "ripping"


def test_it_takes_whole_titles_back_as_dashboards_send_them(client):
    disc = client.detect()
    approved = client.approve(disc["disc_id"], title_edits=disc["titles"])
    assert approved == disc | {"preview_status": "approved"}


def test_it_takes_null_in_an_edit_for_not_said(client):
    disc = client.detect()
    fields = ("selected", "is_extra", "proposed_filename", "episode_number", "episode_title")
    title = edit(client, disc["disc_id"], 0, **dict.fromkeys(fields))
    assert title == disc["titles"][0]


def test_it_names_a_title_by_its_new_number_and_name(client):
    title = edit(client, disc_id(client), 0, episode_number=9, episode_title="Ariel")
    assert title["proposed_filename"] == "Firefly - S01E09 - Ariel.mkv"
    assert (title["episode_number"], title["episode_title"]) == (9, "Ariel")


def test_it_keeps_a_name_that_a_person_wrote(client):
    name, path = "Firefly - S01E01-E02.mkv", "TV Shows/Firefly/Specials"
    title = edit(
        client, disc_id(client), 0, proposed_filename=name, proposed_path=path, episode_number=2
    )
    assert (title["proposed_filename"], title["proposed_path"]) == (name, path)


def test_it_makes_written_names_safe(client):
    title = edit(
        client, disc_id(client), 0, proposed_filename="a/b: c?.mkv", proposed_path="../../etc/x"
    )
    assert (title["proposed_filename"], title["proposed_path"]) == ("a-b - c.mkv", "etc/x")


@pytest.mark.parametrize(
    "path",
    [
        "x/" * 1000 + "x",
        "\\".join("y" * 21),
        "Movies/" + "a" * 256,
        "Movies/" + "\u00fc" * 128,
        "/".join(["Movies", *["\u65e5" * 80] * 5]),
    ],
)
def test_it_refuses_a_path_that_no_disk_could_hold(client, path):
    disc = disc_id(client)
    edits = [{"index": 0, "proposed_path": path}]
    refused = client.refused(422, "shorten it", "title_edits.0.proposed_path")
    if len(path) > 1024:
        refused = client.refused(422, "", "title_edits.0.proposed_path")
    refused.post(f"/api/discs/{disc}/preview/approve", json={"title_edits": edits})


@pytest.mark.parametrize("path", ["/".join("z" * 20), "Movies/" + "a" * 200, "\u00fc" * 100])
def test_it_takes_a_path_that_disks_can_hold(client, path):
    assert edit(client, disc_id(client), 0, proposed_path=path)["proposed_path"] == path


def test_it_makes_an_episode_an_extra(client):
    title = edit(client, disc_id(client), 0, is_extra=True)
    assert title["proposed_filename"] == "Firefly - Extra 02.mkv"
    assert title["proposed_path"] == "TV Shows/Firefly/Season 01/Other"
    assert (title["episode_number"], title["episode_title"]) == (None, None)


def test_it_tells_all_extras_of_a_disc_apart(client):
    edits = [{"index": index, "is_extra": True, "selected": True} for index in range(4)]
    approved = client.approve(disc_id(client), title_edits=edits)
    assert sorted(file_names(approved)) == [f"Firefly - Extra 0{n}.mkv" for n in (1, 2, 3, 4)]


def test_it_makes_an_extra_an_episode(client):
    title = edit(client, disc_id(client), 3, is_extra=False, selected=True, episode_number=4)
    assert title["proposed_filename"] == "Firefly - S01E04.mkv"
    assert title["proposed_path"] == "TV Shows/Firefly/Season 01"


def test_it_swaps_two_episodes(client):
    edits = [{"index": 0, "episode_number": 2}, {"index": 1, "episode_number": 1}]
    approved = client.approve(disc_id(client), title_edits=edits)
    assert episodes(approved) == [2, 1, 3]
    assert file_names(approved)[:2] == ["Firefly - S01E02.mkv", "Firefly - S01E01.mkv"]


def test_it_makes_an_extra_the_film(client):
    disc = disc_id(client, "THE_ABYSS_(1989)", (140, 171, 12))
    edits = [
        {"index": 0, "is_extra": False, "selected": True},
        {"index": 1, "is_extra": True, "selected": False},
    ]
    approved = client.approve(disc, title_edits=edits)
    assert file_names(approved) == ["The Abyss (1989).mkv"]
    assert approved["titles"][1]["proposed_path"] == "Movies/The Abyss (1989)/Other"


def test_it_names_the_film_that_a_person_finds_on_an_unknown_disc(client):
    disc = disc_id(client, "HOLIDAY_(1938)", (9, 3))
    title = edit(client, disc, 0, is_extra=False, selected=True)
    assert title["proposed_filename"] == "Holiday (1938).mkv"
    assert title["proposed_path"] == "Movies/Holiday (1938)"


def test_it_gives_back_the_number_of_an_episode_that_is_not_wanted(client):
    edit(client, disc_id(client), 2, selected=False)
    assert client.season("Firefly:s1")["last_episode_assigned"] == 2


def test_it_remembers_the_number_that_a_person_let_a_disc_begin_with(client):
    edits = [{"index": index, "episode_number": index + 7} for index in range(3)]
    approved = client.approve(disc_id(client), title_edits=edits)
    assert approved["starting_episode_number"] == 7


@pytest.mark.parametrize(
    ("edits", "field"),
    [
        ([{"index": 9, "selected": True}], "index"),
        ([{"index": 0, "selected": False}, {"index": 9}], "index"),
        ([{"index": 0, "proposed_filename": "firefly - s01e02.MKV"}], "proposed_filename"),
        ([{"index": 0, "episode_number": 2}], "proposed_filename"),
    ],
)
def test_it_refuses_edits_that_can_not_be(client, edits, field):
    disc = disc_id(client)
    client.refused(422, field=field).post(
        f"/api/discs/{disc}/preview/approve", json={"title_edits": edits}
    )


def test_it_rejects_names(client):
    disc = client.detect()
    assert client.reject(disc["disc_id"]) == disc | {"preview_status": "rejected"}
    assert client.disc(disc["disc_id"])["preview_status"] == "rejected"


def test_it_rejects_names_that_were_approved(client):
    disc = disc_id(client)
    client.approve(disc)
    assert client.reject(disc)["preview_status"] == "rejected"


def test_it_approves_names_that_were_rejected(client):
    disc = disc_id(client)
    client.reject(disc)
    assert client.approve(disc)["preview_status"] == "approved"
    assert client.season("Firefly:s1")["last_episode_assigned"] == 3


def test_it_approves_a_film_that_was_rejected(client):
    disc = disc_id(client, "SERENITY", (119,))
    client.reject(disc)
    assert client.approve(disc)["preview_status"] == "approved"


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_it_decides_no_more_once_the_rip_is_ordered(client, action):
    disc = disc_id(client)
    client.approve(disc)
    client.rip(disc)
    body = {"title_edits": [{"index": 0, "episode_number": 9}]}
    client.refused(409, "ripping").post(f"/api/discs/{disc}/preview/{action}", json=body)


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_it_decides_nothing_about_a_disc_that_has_left(client, action):
    disc = disc_id(client)
    client.eject()
    client.refused(409, "ejected").post(f"/api/discs/{disc}/preview/{action}")


def test_it_takes_an_approval_that_says_nothing_new_once_rips_have_begun(client):
    disc = client.detect().approve()
    ok(client.post(f"/api/discs/{disc['disc_id']}/rip"))
    ripping = client.disc(disc["disc_id"])
    assert client.approve(disc["disc_id"], title_edits=disc["titles"]) == ripping
