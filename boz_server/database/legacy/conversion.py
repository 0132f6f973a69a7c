"""Makes rows of ours out of a legacy database's, in memory: tens of thousands take a second."""

from datetime import datetime

from boz_server.database.legacy import discs, jobs, machines, seasons
from boz_server.database.legacy.report import Report
from boz_server.database.legacy.tables import HasThumbnail, LegacyTables, Tables


def convert(
    legacy: LegacyTables, report: Report, now: datetime, has_thumbnail: HasThumbnail
) -> Tables:
    """Return our rows; the report then knows what became of each of theirs.

    What names others comes after them: discs name seasons and agents, jobs name discs.
    """
    tables = Tables(legacy, report, now, has_thumbnail)
    machines.adopt_agents(tables)
    machines.adopt_workers(tables)
    season_ids = seasons.adopt_seasons(tables)
    discs.adopt_discs(tables, season_ids)
    discs.adopt_titles(tables)
    discs.settle_discs(tables)
    seasons.adopt_episodes(tables, season_ids)
    seasons.settle_seasons(tables)
    jobs.adopt_jobs(tables)
    machines.settle_machines(tables)
    machines.adopt_vlc_commands(tables)
    return tables
