"""What is true of every season."""

from tests.client import Client


def assert_true(client: Client, season_id: str = "Firefly:s1") -> None:
    """Check that a season says what its discs say, and that no two discs share a number."""
    found = client.season(season_id)
    discs = [client.disc(disc_id) for disc_id in found["disc_ids"]]
    assert {disc["tv_season_id"] for disc in discs} <= {season_id}
    held = {}
    for disc in discs:
        for title in disc["titles"]:
            if title["selected"] and not title["is_extra"] and title["episode_number"] is not None:
                last = title["last_episode_number"] or title["episode_number"]
                numbers = range(title["episode_number"], last + 1)
                layout = str([each["duration_seconds"] for each in disc["titles"]])
                for number in numbers:
                    assert held.setdefault(number, layout) == layout
    assert found["last_episode_assigned"] == max(held, default=0)
    assert found["last_disc_name"] == (discs[-1]["disc_name"] if discs else None)
