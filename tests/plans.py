"""How the database goes about the statements that a test runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boz_server.services.wiring import Services

#: One row a machine, a duty or a step: tens, not thousands.
SMALL = ('"workers"', '"agents"', '"leases"', '"maintenance_runs"')

Statements = dict[str, tuple[object, ...]]


@contextmanager
def noted(services: Services) -> Iterator[Statements]:
    """Every statement on a table that may be large that runs meanwhile, with the parameters of its
    first run."""
    seen: Statements = {}

    def note(event: Any) -> None:
        verb, _, rest = event.sql.partition(" ")
        _, _, tables = rest.partition("FROM ") if verb in ("SELECT", "DELETE") else ("", "", rest)
        if verb in ("SELECT", "UPDATE", "DELETE") and not tables.startswith(SMALL):
            seen.setdefault(event.sql, event.params)

    services.context.database.peewee.query_hooks.append(note)
    yield seen
    services.context.database.peewee.query_hooks.remove(note)


def plan_of(services: Services, sql: str, parameters: tuple[object, ...]) -> list[str]:
    """How SQLite goes about a statement, step by step."""
    rows = services.context.database.peewee.execute_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
    return [row[3] for row in rows.fetchall()]


def steps_of(services: Services, statements: Statements) -> list[str]:
    """How SQLite goes about all of these statements."""
    return [step for sql in statements for step in plan_of(services, sql, statements[sql])]
