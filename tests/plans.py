"""The plans of both engines for the statements that a test runs."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boz_server.services.wiring import Services

#: One row for each machine, leader or step: tens, not thousands.
SMALL = ('"workers"', '"agents"', '"leases"', '"maintenance_runs"')

Statements = dict[str, tuple[object, ...]]


@contextmanager
def noted(services: Services) -> Iterator[Statements]:
    """Record the statements on tables that may be large, with the parameters of their first run."""
    seen: Statements = {}

    def note(event: Any) -> None:
        verb, _, rest = event.sql.partition(" ")
        _, _, tables = rest.partition("FROM ") if verb in ("SELECT", "DELETE") else ("", "", rest)
        if verb in ("SELECT", "UPDATE", "DELETE") and not tables.startswith(SMALL):
            seen.setdefault(event.sql, event.params)

    services.context.database.peewee.query_hooks.append(note)
    yield seen
    services.context.database.peewee.query_hooks.remove(note)


def learn_sizes(services: Services) -> None:
    """Let PostgreSQL learn the sizes of its tables, as it does by itself in time."""
    if services.context.database.path is None:
        services.context.database.peewee.execute_sql("ANALYZE")


def plan_of(services: Services, sql: str, parameters: tuple[object, ...]) -> list[str]:
    """The steps of SQLite's plan of a statement."""
    rows = services.context.database.peewee.execute_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
    return [row[3] for row in rows.fetchall()]


def steps_of(services: Services, statements: Statements) -> list[str]:
    """The steps of SQLite's plans of all these statements."""
    return [step for sql in statements for step in plan_of(services, sql, statements[sql])]


def scans(
    services: Services, statements: Statements, allowed: tuple[str, ...] = ("SCAN CONSTANT ROW",)
) -> set[str]:
    """The steps by which SQLite reads a whole table or index, except those allowed to begin so."""
    return {
        f"{step}: {sql}"
        for sql, parameters in statements.items()
        for step in plan_of(services, sql, parameters)
        if step.startswith("SCAN") and not step.startswith(allowed)
    }


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All nodes of a plan of PostgreSQL's."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@contextmanager
def counted(services: Services) -> Iterator[Counter[str]]:
    """How often each kind of statement runs meanwhile."""
    found: Counter[str] = Counter()

    def note(event: Any) -> None:
        found[event.sql.split(" ", 1)[0]] += 1

    services.context.database.peewee.query_hooks.append(note)
    yield found
    services.context.database.peewee.query_hooks.remove(note)
