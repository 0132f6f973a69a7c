"""The old database's rows as they are read, and ours as they are made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from boz_server.database.legacy.report import Report
from boz_server.database.legacy.row import LegacyRow
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS
from boz_server.domain.machines.presence import AgentStatus

Row = dict[str, Any]
#: {table: its rows, in the order in which they were entered}.
LegacyTables = Mapping[str, Sequence[Mapping[str, Any]]]
#: Whether a thumbnail is there: of which job, of which of its titles, how many seconds into it.
HasThumbnail = Callable[[str, int, int], bool]


@dataclass
class Tables:
    """Rows of ours, as fields of the models; each noun's file fills in its own.

    now: when the adoption is. has_thumbnail: see HasThumbnail.
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
        """Return the rows of a table; none where the old database does not have it."""
        rows = self.legacy.get(table, ())
        self.report.found[table] = len(rows)
        return [LegacyRow(table, values, self.report) for values in rows]

    def new_id(
        self, row: LegacyRow, column: str, known: Mapping[str, Any], max_length: int = 36
    ) -> str | None:
        """Return a row's id; None where it has none, or another row's: it is then left out."""
        key = row.id(column, max_length)
        if key is None:
            self.report.drop(row.table, "null", "as it has no id")
        elif key in known:
            self.report.merge(row.table, key, key, "as another row has the same id")
            return None
        return key

    def ensure_agent(self, agent_id: str, seen_at: datetime, who: str) -> str:
        """Enter an agent that only other rows speak of, as one that is offline.

        seen_at: when it was there; who: whose rows speak of it. Returns its id.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            self.report.add("agents", f"entered, offline, as {who} name it")
            agent = self.agents[agent_id] = {
                "agent_id": agent_id,
                "name": agent_id,
                "status": AgentStatus.OFFLINE,
                "capabilities": dict(AGENT_DEFAULTS),
                "current_job_id": None,
                "last_heartbeat": min(seen_at, self.now),
                "registered_at": min(seen_at, self.now),
            }
        return agent_id
