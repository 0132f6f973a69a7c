"""Purposes and states of uploads."""

from enum import StrEnum


class UploadPurpose(StrEnum):
    """What a file is for."""

    #: The raw title that a transcode job reads.
    JOB_INPUT = "job_input"
    #: The result of a transcode job.
    JOB_OUTPUT = "job_output"
    #: A finished file without a job.
    LIBRARY = "library"


class UploadState(StrEnum):
    """Where an upload stands."""

    #: Bytes are missing.
    ARRIVING = "arriving"
    #: All bytes are here; the file has yet to be checked, renamed and passed on to its job.
    ARRIVED = "arrived"
    COMPLETE = "complete"
    #: It was damaged on its way, or no job needs it any more.
    FAILED = "failed"


#: For each state, the states that an upload can change to.
TRANSITIONS: dict[UploadState, frozenset[UploadState]] = {
    UploadState.ARRIVING: frozenset({UploadState.ARRIVED}),
    UploadState.ARRIVED: frozenset({UploadState.COMPLETE, UploadState.FAILED}),
    UploadState.COMPLETE: frozenset(),
    UploadState.FAILED: frozenset(),
}
