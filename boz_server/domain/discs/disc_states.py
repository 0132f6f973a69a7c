"""States of discs and their previews."""

from enum import StrEnum


class DiscStatus(StrEnum):
    """How far a disc is. All but ejected discs are in their drive."""

    DETECTED = "detected"
    RIPPING = "ripping"
    COMPLETED = "completed"
    EJECTED = "ejected"


class PreviewStatus(StrEnum):
    """What a person decided about the proposed names."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
