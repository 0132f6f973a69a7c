"""How many rows SQLite can commit one by one: the most that a server can store without batches."""

import time
from pathlib import Path

from boz_server.database.dialects import SQLITE_PRAGMAS, sqlite3


def rate(folder: Path, synchronous: str, seconds: float) -> float:
    """Return the commits a second of one row each. synchronous: SQLite's setting."""
    connection = sqlite3.connect(folder / f"commits-{synchronous}.db", isolation_level=None)
    try:
        for name, value in (*SQLITE_PRAGMAS, ("synchronous", synchronous)):
            connection.execute(f"PRAGMA {name} = {value}")
        connection.execute("CREATE TABLE IF NOT EXISTS signs (id INTEGER PRIMARY KEY, at TEXT)")
        commits, began = 0, time.perf_counter()
        while (took := time.perf_counter() - began) < seconds:
            connection.execute("INSERT INTO signs (at) VALUES ('2026-01-24 12:34:56.123456')")
            commits += 1
        return commits / took
    finally:
        connection.close()
