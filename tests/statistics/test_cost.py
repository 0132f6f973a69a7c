"""The cost of statistics grows with the days in the answer, not with the jobs."""

import pytest

from boz_server.services.wiring import Services
from tests.client import Client
from tests.plans import Statements, noted, plan_of
from tests.statistics.work import add, analytics

SPAN = {"start": "2026-01-01", "end": "2026-01-24"}


@pytest.fixture
def statements(client: Client, services: Services) -> Statements:
    """The statements behind the statistics in each grouping."""
    add(services, "2026-01-24")
    with noted(services) as seen:
        for group in ("day", "week", "month", "type", "worker", "preset"):
            analytics(client, "jobs", group=group)
        analytics(client, "workers")
        analytics(client, "storage", **SPAN)
        analytics(client, "storage")
    return seen


# PostgreSQL plans by statistics, and uses no index on tables this small.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_the_days_asked_for_by_the_key(services, statements):
    assert len(statements) == 7  # the statement for presets also serves /storage
    plans = {sql: plan_of(services, sql, given)[0] for sql, given in statements.items()}
    *bounded, whole = plans.values()
    for plan in bounded:
        assert plan == ("SEARCH t1 USING INDEX sqlite_autoindex_daily_stats_1 (day>? AND day<?)")
    # Since the beginning: every day is read, but no job.
    assert whole == "SCAN t1"


def test_it_reads_no_jobs(statements):
    for sql in statements:
        assert '"jobs"' not in sql
        assert '"job_events"' not in sql
