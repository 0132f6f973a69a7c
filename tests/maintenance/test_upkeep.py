"""The maintenance steps that keep the database quick."""

import logging
from typing import Any

import pytest

from boz_server.database import upkeep as engine
from boz_server.services.maintenance import housekeeping as upkeep_module
from boz_server.services.maintenance.housekeeping import LogWatch, optimize

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@SQLITE
def test_it_makes_statistics_once_the_database_is_large(services, monkeypatch):
    services.context.database.peewee.execute_sql(
        "INSERT INTO leases (name, renewed_at) VALUES ('a', '1')"
    )
    optimize(services.context)
    assert not engine.has_statistics(services.context.database)
    monkeypatch.setattr(upkeep_module, "OPTIMIZED_BYTES", 1000)
    optimize(services.context)
    assert engine.has_statistics(services.context.database)


@SQLITE
def test_it_keeps_up_statistics_that_are_there(services, monkeypatch):
    calls: list[object] = []
    services.context.database.peewee.execute_sql("ANALYZE")
    monkeypatch.setattr(engine, "optimize", calls.append)
    optimize(services.context)
    assert calls == [services.context.database]


@SQLITE
def test_it_says_once_that_the_log_does_not_shrink(services, monkeypatch, caplog):
    watch = LogWatch()
    sizes = iter([100, 101, 101, 100, 101])
    monkeypatch.setattr(upkeep_module, "WAL_LIMIT_BYTES", 100)
    monkeypatch.setattr(engine, "fold_in_log", lambda _: next(sizes))
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            watch.run(services.context)
    assert [record.bytes for record in caplog.records] == [101, 101]  # type: ignore[attr-defined]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_leaves_postgresql_to_itself(services, caplog):
    asked: list[Any] = []
    services.context.database.peewee.query_hooks.append(asked.append)
    optimize(services.context)
    LogWatch().run(services.context)
    services.context.database.peewee.query_hooks.remove(asked.append)
    assert (asked, caplog.records) == ([], [])
