"""What an upload is for, and how far it can be."""

from enum import StrEnum


class UploadPurpose(StrEnum):
    """What becomes of the file."""

    #: The raw title that a transcode job is to read.
    JOB_INPUT = "job_input"
    #: The result of a transcode job.
    JOB_OUTPUT = "job_output"
    #: A finished file that belongs to no job.
    LIBRARY = "library"


class UploadState(StrEnum):
    """Where an upload stands."""

    #: Bytes are missing.
    ARRIVING = "arriving"
    #: All bytes are here; they are checked, and given their name and place.
    ARRIVED = "arrived"
    COMPLETE = "complete"
    #: It arrived, and is not what was sent, or no one wants it any more.
    FAILED = "failed"


#: From each state, those that an upload may go to.
TRANSITIONS: dict[UploadState, frozenset[UploadState]] = {
    UploadState.ARRIVING: frozenset({UploadState.ARRIVED}),
    UploadState.ARRIVED: frozenset({UploadState.COMPLETE, UploadState.FAILED}),
    UploadState.COMPLETE: frozenset(),
    UploadState.FAILED: frozenset(),
}
