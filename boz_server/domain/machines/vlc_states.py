"""The states of a command for VLC."""

from enum import StrEnum


class VLCCommandStatus(StrEnum):
    """The state of a command; it only moves downwards in this list."""

    PENDING = "pending"
    SENT = "sent"
    COMPLETED = "completed"
    FAILED = "failed"
