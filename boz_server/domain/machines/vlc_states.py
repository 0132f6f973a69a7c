"""What a command for VLC can be."""

from enum import StrEnum


class VLCCommandStatus(StrEnum):
    """Where a command stands; it goes one way, from top to bottom."""

    PENDING = "pending"
    SENT = "sent"
    COMPLETED = "completed"
    FAILED = "failed"
