"""What random tests of seasons have in common: their discs, and what is true of every season."""

from typing import Any

from tests.client import Client, ok

LABELS = ("FIREFLY_S01_D1", "FIREFLY_S01_D2", "FIREFLY_S01_D3", "FIREFLY_S01", "FIREFLY_D4")
LAYOUTS = ((43, 42.5, 44, 3), (43.5, 42, 44.5, 42.8), (42.2, 43.1), (87, 43.6, 44.1), (43, 44, 57))


def undecided_in(client: Client, drive: str) -> list[dict[str, Any]]:
    """The disc in a drive, if it may still be decided on."""
    return [
        disc
        for disc in ok(client.get("/api/discs"))
        if disc["drive"] == drive and disc["status"] == "detected"
    ]


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
