"""The old database's rows as they are read, and ours as they are made."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from boz_server.database.legacy.report import Report
from boz_server.database.legacy.row import LegacyRow
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS
from boz_server.domain.machines.presence import AgentStatus

Row = dict[str, Any]
#: {table: its rows, in the order in which they were inserted}.
LegacyTables = Mapping[str, Sequence[Mapping[str, Any]]]
#: Whether a thumbnail exists: (job id, title number, seconds into the title).
HasThumbnail = Callable[[str, int, int], bool]


@dataclass
class Tables:
    """Our rows, as {field of the model: value}; the module of each noun adds its own.

    now: the time of the adoption.
    """

    legacy: LegacyTables
    report: Report
    now: datetime
    has_thumbnail: HasThumbnail
    agents: dict[str, Row] = field(default_factory=dict)
    workers: dict[str, Row] = field(default_factory=dict)
    seasons: dict[str, Row] = field(default_factory=dict)
    episodes: list[Row] = field(default_factory=list)
    discs: dict[str, Row] = field(default_factory=dict)
    #: {disc id: {title number: title}}.
    titles: dict[str, dict[int, Row]] = field(default_factory=dict)
    jobs: dict[str, Row] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    vlc_commands: dict[str, Row] = field(default_factory=dict)

    def read(self, table: str) -> list[LegacyRow]:
        """Return the rows of a table; none if the old database does not have it."""
        rows = self.legacy.get(table, ())
        self.report.found[table] = len(rows)
        return [LegacyRow(table, values, self.report) for values in rows]

    def read_keyed(
        self, table: str, column: str, ours: Mapping[str, Row], max_length: int = 36
    ) -> Iterator[tuple[LegacyRow, str]]:
        """Yield each row with its id; skip rows without one, or with the id of one of ours."""
        for row in self.read(table):
            key = row.id(column, max_length)
            if key is None:
                self.report.drop(table, "null", "as it has no id")
            elif key in ours:
                self.report.merge(table, key, key, "as another row has the same id")
            else:
                yield row, key

    def ensure_agent(self, agent_id: str, seen_at: datetime, who: str) -> str:
        """Add an agent that only other rows name, as offline, unless it is there.

        seen_at: when it existed. who: the rows that name it, for the report. Returns its id.
        """
        if agent_id not in self.agents:
            self.report.add("agents", f"entered, offline, as {who} name it")
            self.agents[agent_id] = {
                "agent_id": agent_id,
                "name": agent_id,
                "status": AgentStatus.OFFLINE,
                "capabilities": dict(AGENT_DEFAULTS),
                "current_job_id": None,
                "last_heartbeat": min(seen_at, self.now),
                "registered_at": min(seen_at, self.now),
            }
        return agent_id
