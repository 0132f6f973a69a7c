"""The step from 006 to 007: what seasons remember of discs that are gone."""

from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import TVSeason
from tests.database.steps import filled_at

BEFORE, GONE_DISCS = "006_outbox", "007_gone_discs"

IN_USE = (
    "INSERT INTO tv_seasons (season_id, show_name, season_number, last_episode_assigned, disc_ids)"
    " VALUES ('Firefly:s1', 'Firefly', 1, 8, '[]')",
    "INSERT INTO tv_episodes (season_id, episode_number, episode_name, season_number)"
    " VALUES ('Firefly:s1', 1, 'Serenity', 1)",
)


def filled(database: Database) -> Database:
    """A database of the version before, in use."""
    return filled_at(BEFORE, database, IN_USE)


def test_it_takes_no_disc_of_a_season_for_gone(blank: Database) -> None:
    Migrations(filled(blank)).upgrade(GONE_DISCS)
    new = (TVSeason.gone_last_episode, TVSeason.gone_last_disc)
    assert TVSeason.select(*new).tuples().get() == (0, 0)
