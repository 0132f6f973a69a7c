"""What a disc and its preview can be."""

from enum import StrEnum


class DiscStatus(StrEnum):
    """Where a disc stands; all but an ejected one are in their drive."""

    DETECTED = "detected"
    RIPPING = "ripping"
    COMPLETED = "completed"
    EJECTED = "ejected"


class PreviewStatus(StrEnum):
    """What a person made of the proposed names."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
