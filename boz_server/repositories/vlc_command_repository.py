"""Commands for VLC in the database."""

from datetime import datetime
from typing import Any

from boz_server.database.models import VLCCommand
from boz_server.domain.machines.vlc_states import VLCCommandStatus


class VLCCommandRepository:
    """Queries on commands for VLC."""

    def insert(self, **fields: Any) -> VLCCommand:
        """Enter a new command."""
        return VLCCommand.create(**fields)

    def get(self, command_id: str) -> VLCCommand | None:
        """Return the command, or None when there never was one of that id."""
        return VLCCommand.get_or_none(VLCCommand.command_id == command_id)

    def take_pending(self, agent_id: str, now: datetime) -> list[VLCCommand]:
        """Hand out an agent's pending commands, oldest first; each is handed out once."""
        query = VLCCommand.update(status=VLCCommandStatus.SENT, sent_at=now).where(
            VLCCommand.agent_id == agent_id, VLCCommand.status == VLCCommandStatus.PENDING
        )
        taken = query.returning(VLCCommand).execute()
        return sorted(taken, key=lambda command: (command.created_at, command.command_id))

    def finish(
        self, command_id: str, status: VLCCommandStatus, error: str | None, now: datetime
    ) -> bool:
        """Note how a command went, unless that is known already. False when it changes nothing."""
        query = VLCCommand.update(status=status, error=error, completed_at=now).where(
            VLCCommand.command_id == command_id,
            VLCCommand.status.in_([VLCCommandStatus.PENDING, VLCCommandStatus.SENT]),
        )
        return bool(query.execute())
