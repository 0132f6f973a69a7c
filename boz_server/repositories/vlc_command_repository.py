"""Commands for VLC in the database."""

from datetime import datetime
from typing import Any

from boz_server.database.models import VLCCommand
from boz_server.domain.machines.vlc_states import VLCCommandStatus


class VLCCommandRepository:
    """Queries on commands for VLC."""

    def insert(self, **fields: Any) -> VLCCommand:
        """Insert a new command."""
        return VLCCommand.create(**fields)

    def get(self, command_id: str) -> VLCCommand | None:
        """Return a command, or None when its id is unknown."""
        return VLCCommand.get_or_none(VLCCommand.command_id == command_id)

    def take_pending(self, agent_id: str, now: datetime) -> list[VLCCommand]:
        """Return an agent's pending commands, oldest first, and mark them as sent."""
        query = VLCCommand.update(status=VLCCommandStatus.SENT, sent_at=now).where(
            VLCCommand.agent_id == agent_id, VLCCommand.status == VLCCommandStatus.PENDING
        )
        taken = query.returning(VLCCommand).execute()
        return sorted(taken, key=lambda command: (command.created_at, command.command_id))

    def finish(
        self, command_id: str, status: VLCCommandStatus, error: str | None, now: datetime
    ) -> bool:
        """Record how a command went; False for an unknown one, or one recorded before."""
        query = VLCCommand.update(status=status, error=error, completed_at=now).where(
            VLCCommand.command_id == command_id,
            VLCCommand.status.in_([VLCCommandStatus.PENDING, VLCCommandStatus.SENT]),
        )
        return bool(query.execute())
