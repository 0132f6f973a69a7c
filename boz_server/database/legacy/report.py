"""What became of every row of an adopted database."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Lost(NamedTuple):
    """A row that is not in the new database as one of its own.

    key: as the old database had it. into: key of the row that it was merged into; None where it
    was dropped. why: in words.
    """

    table: str
    key: str
    into: str | None
    why: str


@dataclass
class Report:
    """Counts rows as they are found and adopted, and notes what had to be mended."""

    #: {table: rows that the old database had}.
    found: dict[str, int] = field(default_factory=dict)
    #: {table: rows that the new one has}.
    adopted: Counter[str] = field(default_factory=Counter)
    #: {table: rows that the old one only spoke of, among the adopted ones}.
    added: Counter[str] = field(default_factory=Counter)
    #: {(table, what was mended): in how many rows}.
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost: list[Lost] = field(default_factory=list)
    #: Tables and columns of the old database that ours has no place for.
    ignored: list[str] = field(default_factory=list)

    def repair(self, table: str, what: str) -> None:
        """Note that a row of a table had to be mended."""
        self.repairs[table, what] += 1

    def add(self, table: str, why: str) -> None:
        """Note that a row is entered that the old database only spoke of."""
        self.added[table] += 1
        self.repair(table, why)

    def merge(self, table: str, key: object, into: object, why: str) -> None:
        """Note that a row is a part of another one now."""
        self.lost.append(Lost(table, str(key), str(into), why))

    def drop(self, table: str, key: object, why: str) -> None:
        """Note that a row is not taken over."""
        self.lost.append(Lost(table, str(key), None, why))

    def unaccounted(self) -> dict[str, int]:
        """Return how many rows of which tables are neither adopted, merged nor dropped; empty
        unless something is wrong."""
        gone = Counter(lost.table for lost in self.lost)
        missing = {
            table: count + self.added[table] - self.adopted[table] - gone[table]
            for table, count in self.found.items()
        }
        return {table: count for table, count in missing.items() if count}

    def lines(self) -> Iterator[str]:
        """Say it for people: a line for each table, then one for each kind of repair and loss."""
        for table, count in self.found.items():
            added = f", {self.added[table]} of them added" if self.added[table] else ""
            yield f"{table}: {self.adopted[table]} adopted{added}, of {count}."
        for (table, what), count in sorted(self.repairs.items()):
            yield f"{table}: {what} ({_rows(count)})."
        fates = Counter((lost.table, lost.into is None, lost.why) for lost in self.lost)
        for (table, is_dropped, why), count in sorted(fates.items()):
            yield f"{table}: {'dropped' if is_dropped else 'merged'}, {why} ({_rows(count)})."
        for name in self.ignored:
            yield f"{name}: not taken over, as nothing here is like it."

    def as_json(self) -> dict[str, Any]:
        """The same for scripts, with every lost row by its key."""
        return {
            "tables": {
                table: {
                    "found": count,
                    "adopted": self.adopted[table],
                    "added": self.added[table],
                    "merged": sum(
                        lost.table == table and lost.into is not None for lost in self.lost
                    ),
                    "dropped": sum(lost.table == table and lost.into is None for lost in self.lost),
                }
                for table, count in self.found.items()
            },
            "repairs": [
                {"table": table, "what": what, "rows": count}
                for (table, what), count in sorted(self.repairs.items())
            ],
            "lost": [lost._asdict() for lost in self.lost],
            "ignored": self.ignored,
        }


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
