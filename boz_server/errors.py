"""What can go wrong, in the product's words.

They know nothing of HTTP; only `api/problems.py` gives each kind its status. Every message is a
sentence for the person at the other end, and says what to do.
"""


class BozError(Exception):
    """An error with a sentence that a person can act on."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(BozError):
    """The thing asked for does not exist here."""


class AgentNotFound(NotFound):
    """No agent with that id has ever registered."""

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"No agent {agent_id!r} is registered here: register it first.")


class WorkerNotFound(NotFound):
    """No worker with that id is registered."""

    def __init__(self, worker_id: str) -> None:
        super().__init__(f"No worker {worker_id!r} is registered here: register it first.")


class DiscNotFound(NotFound):
    """No live disc has that id."""

    def __init__(self, disc_id: str) -> None:
        super().__init__(
            f"No disc {disc_id!r} is known here: GET /api/discs lists those that are; one from the"
            " archive has to be put in again before anything is done with it."
        )


class JobNotFound(NotFound):
    """No job has that id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"No job {job_id!r} is known here: GET /api/jobs lists those that are.")


class UploadNotFound(NotFound):
    """No upload has that id, or it has expired."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            f"No upload {upload_id!r} is known here: unfinished ones are forgotten after a while"
            " (BOZ_UPLOAD_EXPIRY_HOURS); begin a new one by POST /api/uploads."
        )


class SeasonNotFound(NotFound):
    """No disc of that season has been seen."""

    def __init__(self, season_id: str) -> None:
        super().__init__(
            f"No season {season_id!r} is known here: a season id reads 'Show Name:s1', and a season"
            " is known once a disc of it has been reported."
        )


class Refused(BozError):
    """The request is well formed, but not allowed in the present state."""


class Conflict(BozError):
    """The thing has moved on: the change is not possible from its present state."""


class Invalid(BozError):
    """A value has the right shape but is wrong; names the field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.errors = {field: [message]}


class Unauthorized(BozError):
    """No key was sent, or a wrong one."""


class Unavailable(BozError):
    """The server can't do it now; the same request may succeed later."""

    #: Seconds after which trying again makes sense.
    retry_after_seconds = 5


class DatabaseBusy(Unavailable):
    """The database stayed locked, or without a free connection, for longer than we wait."""

    retry_after_seconds = 1

    def __init__(self) -> None:
        super().__init__("The database is busy: nothing was changed; send the request again.")


class ProviderUnavailable(Unavailable):
    """TheTVDB, OMDb or TMDb can't be reached, or its answer makes no sense."""

    retry_after_seconds = 60

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(f"{provider} can't be asked just now: {reason}.")
        self.provider = provider
        self.reason = reason


class Forbidden(BozError):
    """The client is known, but may not do this."""


class WrongOffset(Conflict):
    """The bytes sent don't continue where the upload ends."""

    def __init__(self, sent: int, offset: int) -> None:
        super().__init__(
            f"The bytes begin at {sent}, but {offset} are here: ask HEAD where to go on."
        )


class UploadBusy(BozError):
    """Another request is sending bytes of the same upload."""

    def __init__(self) -> None:
        super().__init__(
            "Another request sends bytes of this upload: wait for it, or until it has broken off."
        )


class ChecksumMismatch(BozError):
    """The bytes that arrived don't match their checksum."""


class WrongProtocol(BozError):
    """The sender uses a version of a protocol that we don't know."""


class TooLarge(BozError):
    """More was sent than was announced."""


class Interrupted(BozError):
    """The sender disconnected in the middle."""


class RecipientUnavailable(Unavailable):
    """Plex, Jellyfin, Emby or Discord can't be reached, or did not do what it was asked.

    wait_seconds: how long it asked us to wait; None if it did not.
    """

    retry_after_seconds = 60

    def __init__(self, recipient: str, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(f"{recipient} did not do what it was asked: {reason}.")
        self.reason = reason
        self.wait_seconds = wait_seconds


class StorageFull(BozError):
    """The disk has no room."""


class BackupError(BozError):
    """A backup can't be made, or a file is not one; nothing was changed."""


class SettingsError(BozError):
    """An environment variable has a wrong value."""


class StartError(BozError):
    """The server can't start: a folder, the database or its schema is not ready."""
