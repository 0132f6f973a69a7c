"""What shows are called whose names no provider knows: by labels, and by the discs before."""

import pytest

pytestmark = pytest.mark.usefixtures("pc")


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (("OCEAN_GIRL_1", "OCEAN_GIRL_2"), "Ocean Girl"),
        (("TALES OF THE CITY 3", "TALES OF THE CITY 4"), "Tales of the City"),
    ],
)
def test_it_takes_a_number_behind_a_shows_name_for_the_discs(client, labels, name):
    first, second = (
        client.detect(label, (25, 25.2, 25.4, 25.1), drive=f"{label[-1]}:") for label in labels
    )
    assert [disc["tv_show_name"] for disc in (first, second)] == [name, name]
    assert second["disc_number"] == first["disc_number"] + 1
    assert second["starting_episode_number"] > first["starting_episode_number"]
    assert second["identification"]["questions"]["name"]["confidence"] < 0.9


def test_it_learns_only_what_was_approved(client, services):
    first = client.detect("OCEAN_GIRL_S1_D1", (25, 25.2, 25.4))
    discs = services.context.stores.discs
    as_found = discs.get(first["disc_id"])
    assert not discs.is_accepted("oceangirl", as_found)
    client.approve(first["disc_id"])
    assert discs.is_accepted("oceangirl", as_found)
    as_found.tv_show_name = "Another"
    assert not discs.is_accepted("oceangirl", as_found)


def test_it_learns_nothing_from_a_guess(client):
    first = client.detect("XQZ_S1_D1", (43, 43.5, 44))
    assert first["identification"]["questions"]["name"]["sign"] == "name_is_code"
    second = client.detect("XQZ_S1_D2", (43, 43.2, 44), drive="E:")

    def named(disc):
        return client.disc(disc["disc_id"])["identification"]["questions"]["name"]["confidence"]

    assert named(second) <= named(first)
    client.approve(first["disc_id"])
    third = client.detect("XQZ_S1_D3", (43, 43.1, 44), drive="F:")
    assert named(third) >= 0.9
