"""Commands for the VLC on an agent's machine."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField, default, defaulted, one_of
from boz_server.database.models.base import BaseModel, index
from boz_server.domain.machines.vlc_states import VLCCommandStatus


class VLCCommand(BaseModel):
    """A file that a person wants to play on an agent's machine."""

    #: A UUID, assigned by the server.
    command_id = peewee.CharField(max_length=36, primary_key=True)
    agent_id = peewee.CharField(max_length=100)
    #: Path on the agent's disk.
    file_path = peewee.TextField()
    fullscreen = peewee.BooleanField(**defaulted(True))
    status = EnumField(
        VLCCommandStatus,
        **defaulted(VLCCommandStatus.PENDING),
    )
    #: Why it failed, as reported; null unless it did.
    error = peewee.TextField(null=True)
    created_at = UTCDateTimeField(constraints=default("CURRENT_TIMESTAMP"))
    #: When the agent fetched it; null before.
    sent_at = UTCDateTimeField(null=True)
    #: When the agent reported the outcome; null before.
    completed_at = UTCDateTimeField(null=True)

    class Meta:
        table_name = "vlc_commands"
        constraints: ClassVar = [one_of("status", VLCCommandStatus, "vlc_commands_status")]


index("idx_vlc_commands_agent", VLCCommand, VLCCommand.agent_id, VLCCommand.status)
#: Finds commands to prune.
index("idx_vlc_commands_created_at", VLCCommand, VLCCommand.created_at)
