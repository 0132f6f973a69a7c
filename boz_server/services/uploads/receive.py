"""Uploads while they arrive: created, received, given up, forgotten.

A file comes whole, as a form, or in several requests (tus). What becomes of a whole file is in
complete.py.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from boz_server.context import Context
from boz_server.database.models import Job, Upload
from boz_server.disk import require_room
from boz_server.domain.naming.names import (
    MAX_NAME_LENGTH,
    MovieFile,
    TvFile,
    file_name,
    parse_media_filename,
)
from boz_server.domain.uploads.upload_states import UploadPurpose, UploadState
from boz_server.errors import (
    ChecksumMismatch,
    Conflict,
    Invalid,
    TooLarge,
    UploadBusy,
    UploadNotFound,
    WrongOffset,
)
from boz_server.repositories.upload_repository import NewUpload
from boz_server.services.library.organizer import Organizer
from boz_server.services.queue.results import Movement
from boz_server.services.uploads import complete, part_files, rights
from boz_server.services.uploads.part_files import Part

log = logging.getLogger(__name__)

ARRIVING = UploadState.ARRIVING


@dataclass(frozen=True, slots=True)
class Announced:
    """What a sender says about a file.

    filename: "" until the form has named it. name: the sender's own words for the file. sha256: of
    the whole file, in hex. metadata: the tus header Upload-Metadata.
    """

    purpose: UploadPurpose
    filename: str = ""
    name: str | None = None
    job_id: str | None = None
    lease_token: str | None = None
    sha256: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class FileHead:
    """The part of a form where the file begins; sent_as: the sender's own name for it."""

    sent_as: str


@dataclass(frozen=True, slots=True)
class Word:
    """A part of a form beside the file."""

    name: str
    text: str


#: What a form is read as, in its order; bytes are the file's.
FormPiece = FileHead | Word | bytes | bytearray


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a sender says about the bytes of one request; algorithm: a name that hashlib knows."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that came as a form.

    name: as the sender wrote it; metadata: what the name says. final_path: in the library once the
    file is organized, until then in the output folder. organize_job_id: None without a library.
    """

    filename: str
    name: str
    path: str
    final_path: str | None
    size: int
    organized: bool
    organize_job_id: str | None
    metadata: TvFile | MovieFile


def take_form(
    context: Context,
    organizer: Organizer,
    announced: Announced,
    form: Iterator[FormPiece],
    form_bytes: int,
) -> UploadedFile:
    """Receive a finished file that comes as a form, and wait a while until it is organized.

    form_bytes: size of the whole form, 0 when unknown. Raises StorageFull, Invalid for a form
    without a file, ChecksumMismatch, Conflict, and what `rights.require` and `form` raise; the
    bytes that had come are deleted then.
    """
    _require_room(context, UploadPurpose.LIBRARY, form_bytes)
    # Receiving a film takes long, and others need the connection.
    context.database.release()
    words: dict[str, str] = {}
    sent_as = _read_to_file(form, words)
    # The name may yet come behind the file: then its bytes count for no job.
    expected = _named(announced, words, sent_as)
    owner = _owner(context, expected)
    movement = _movement(context, owner, announced.purpose)
    context.database.release()
    with part_files.arriving(context.settings, announced.purpose) as part:
        if announced.sha256:
            part.hash_file()
        for piece in form:
            if isinstance(piece, Word):
                words[piece.name] = piece.text
            elif not isinstance(piece, FileHead):
                part.write(piece)
                movement.note()
        announced = _named(announced, words, sent_as)
        upload = _take_whole(context, part, announced, owner if announced == expected else None)
    return _describe(context, organizer, upload, announced)


def _take_whole(context: Context, part: Part, announced: Announced, owner: Job | None) -> Upload:
    """Complete a form's file; owner: the job that it was for when its first byte came."""
    if announced.sha256 and part.digests["file"].hexdigest() != announced.sha256:
        raise ChecksumMismatch(
            "The file that arrived has another SHA-256 than you sent: send it again."
        )
    part.sync()
    is_library = announced.purpose is UploadPurpose.LIBRARY
    job = rights.still_owner(context, owner) if is_library else None
    job = job or _owner(context, announced)
    if job is not None and is_library:
        announced = replace(announced, purpose=UploadPurpose.JOB_OUTPUT)
    # Whether the job still accepts it is checked once more when the file is passed on.
    with context.database.write():
        upload = _insert(context, part, announced, job, part.size_bytes, is_whole=True)
    upload = complete.complete_part(context, upload, part)
    if upload.state is UploadState.FAILED:
        raise Conflict(upload.error or "The file was refused.")
    return upload


def _describe(
    context: Context, organizer: Organizer, upload: Upload, announced: Announced
) -> UploadedFile:
    final_path, is_organized = upload.path, False
    if upload.organize_job_id is not None:
        found = organizer.wait_for(upload.organize_job_id)
        is_organized = found.organized
        final_path = found.final_path if is_organized else final_path
    return UploadedFile(
        filename=Path(upload.path or "").name,
        name=announced.name or "",
        path=upload.path or "",
        final_path=final_path,
        size=upload.size_bytes,
        organized=is_organized,
        organize_job_id=upload.organize_job_id,
        metadata=parse_media_filename(announced.filename),
    )


def create(context: Context, announced: Announced, size_bytes: int) -> Upload:
    """Create an upload whose bytes will come by `receive`.

    Raises StorageFull, and what `rights.require` raises.
    """
    _require_room(context, announced.purpose, size_bytes)
    job = rights.require(context, announced.purpose, announced.job_id, announced.lease_token)
    with part_files.create(context.settings, announced.purpose) as part:
        with context.database.write():
            upload = _insert(context, part, announced, job, size_bytes, is_whole=False)
        log.info("Upload begun", extra={"upload_id": part.upload_id, "bytes": size_bytes})
        return upload if size_bytes else complete.complete_part(context, upload, part)


def receive(
    context: Context,
    upload_id: str,
    offset: int,
    read: Callable[[int], bytes],
    *,
    announced_bytes: int | None = None,
    checksum: Checksum | None = None,
) -> Upload:
    """Append the bytes from `read` to an upload; if `read` raises, what came before stays.

    announced_bytes: how many there will be; None when the sender doesn't say. Raises
    UploadNotFound, UploadBusy, WrongOffset, TooLarge, ChecksumMismatch, what `rights.require`
    raises, and what `read` raises.
    """
    part = part_files.open_part(
        context.settings, upload_id, complete.get_upload(context, upload_id).purpose
    )
    if part is None:
        return _require_nothing_due(complete.get_upload(context, upload_id), offset)
    with part:
        # Read it only now: another request may have had the file until a moment ago.
        upload = complete.get_upload(context, upload_id)
        if upload.state is not ARRIVING:
            return _require_nothing_due(upload, offset)
        job = rights.require(context, upload.purpose, upload.job_id, upload.lease_token)
        movement = _movement(context, job, upload.purpose)
        here = _drop_unchecked(context, upload, part)
        room = upload.size_bytes - here
        if offset != here:
            raise WrongOffset(offset, here)
        if announced_bytes is not None and announced_bytes > room:
            raise TooLarge(f"{announced_bytes} bytes were sent, but only {room} are due.")
        _fill(context, upload, part, _noted(read, movement), checksum)
        if part.size_bytes < upload.size_bytes:
            return complete.get_upload(context, upload_id)
        upload = _arrive(context, upload, part)
        # Reading a film takes minutes: the organizer's thread does that.
        return complete.complete_part(context, upload, part) if upload.is_verified else upload


def finish(context: Context) -> int:
    """Complete the uploads whose bytes are all here; returns how many.

    Some are still arriving, because the server was killed before it could record the last byte.
    Their senders don't come back: an offset that equals the file's length tells them that they are
    done.
    """
    finished = 0
    for upload in context.stores.uploads.in_state(ARRIVING):
        if offset_of(context, upload) != upload.size_bytes:
            continue
        try:
            receive(context, upload.upload_id, upload.size_bytes, lambda _: b"")
            finished += 1
        except UploadBusy:
            continue  # its sender is still there
        except Exception:
            log.exception("Not finished", extra={"upload_id": upload.upload_id})
    return finished + complete.complete_arrived(context)


def terminate(context: Context, upload_id: str) -> None:
    """Give up an unfinished upload and delete its bytes.

    Raises UploadNotFound, UploadBusy, and Conflict when it has arrived.
    """
    part = part_files.open_part(
        context.settings, upload_id, complete.get_upload(context, upload_id).purpose
    )
    with context.database.write():
        if not context.stores.uploads.delete(upload_id, ARRIVING):
            raise Conflict("The upload has arrived: it can't be given up any more.")
    if part is not None:
        part.discard()
    log.info("Upload given up", extra={"upload_id": upload_id})


def forget_expired(context: Context) -> int:
    """Forget expired uploads, delete the bytes of unfinished ones, and delete part files that
    have no upload; returns how many."""
    uploads = context.stores.uploads
    now = context.clock.now()
    forgotten = 0
    for upload in uploads.expired(now):
        with context.database.write():
            gone = uploads.delete(upload.upload_id, upload.state)
        if gone and upload.state is ARRIVING:
            path = part_files.path_of(context.settings, upload.upload_id, upload.purpose)
            path.unlink(missing_ok=True)
        forgotten += gone
    return forgotten + part_files.clear_abandoned(
        context.settings, now, lambda upload_id: uploads.get(upload_id) is not None
    )


def _read_to_file(form: Iterator[FormPiece], words: dict[str, str]) -> str:
    """Read the words of a form up to its file; returns the sender's name for the file."""
    for piece in form:
        if isinstance(piece, FileHead):
            return piece.sent_as
        if isinstance(piece, Word):
            words[piece.name] = piece.text
    raise Invalid("file", "Missing: send the file as multipart form data, with its name.")


def _named(announced: Announced, words: dict[str, str], sent_as: str) -> Announced:
    """Add the file's name by the words of its form so far; raises Invalid."""
    name = words.get("name") or sent_as
    if len(name) > MAX_NAME_LENGTH or "\x00" in name:
        raise Invalid("name", f"Must be a text of at most {MAX_NAME_LENGTH} characters.")
    return replace(announced, filename=file_name(name, sent_as), name=name)


def _owner(context: Context, announced: Announced) -> Job | None:
    """Return the job that a form's file is for; raises what `rights.require` raises."""
    if announced.purpose is UploadPurpose.LIBRARY:
        # Today's agents say only the file's name: a job of that name may wait for it.
        return rights.find_owner(context, announced.filename, announced.name or "")
    return rights.require(context, announced.purpose, announced.job_id, announced.lease_token)


def _movement(context: Context, job: Job | None, purpose: UploadPurpose) -> Movement:
    """Return what records the arriving bytes of a job's file: of its present attempt, unless they
    are the input, which outlives attempts."""
    if job is None:
        return Movement(context, None)
    is_input = purpose is UploadPurpose.JOB_INPUT
    return Movement(context, job.job_id, None if is_input else job.lease_token)


def _insert(
    context: Context,
    part: Part,
    announced: Announced,
    job: Job | None,
    size_bytes: int,
    *,
    is_whole: bool,
) -> Upload:
    """Insert an upload; is_whole: its bytes are all here, and they are what was sent."""
    now = context.clock.now()
    is_result = announced.purpose is UploadPurpose.JOB_OUTPUT
    return context.stores.uploads.insert(
        NewUpload(
            upload_id=part.upload_id,
            purpose=announced.purpose,
            state=UploadState.ARRIVED if is_whole or not size_bytes else ARRIVING,
            job_id=job.job_id if job else None,
            lease_token=job.lease_token if job and is_result else None,
            filename=announced.filename,
            size_bytes=size_bytes,
            sha256=announced.sha256,
            is_verified=is_whole,
            metadata=announced.metadata,
            created_at=now,
            expires_at=now + timedelta(hours=context.settings.upload_expiry_hours),
        )
    )


def offset_of(context: Context, upload: Upload) -> int:
    """Return how many bytes of an upload are here for good."""
    if upload.state is not ARRIVING:
        return int(upload.size_bytes)
    here = part_files.size_of(context.settings, upload.upload_id, upload.purpose)
    return here if upload.unchecked_from is None else min(here, upload.unchecked_from)


def _require_room(context: Context, purpose: UploadPurpose, size_bytes: int) -> None:
    """Raise StorageFull unless a file fits beside what unfinished uploads on the same disk still
    need."""
    settings = context.settings
    folder = part_files.folder_of(settings, purpose)
    disk = folder.stat().st_dev
    promised = sum(
        upload.size_bytes - offset_of(context, upload)
        for upload in context.stores.uploads.in_state(ARRIVING)
        if part_files.folder_of(settings, upload.purpose).stat().st_dev == disk
    )
    require_room(settings, folder, size_bytes, promised=promised)


def _require_nothing_due(upload: Upload, offset: int) -> Upload:
    """Answer bytes for an upload that has arrived. Sending none is fine: the reply may have been
    lost. Raises WrongOffset for others, UploadNotFound when the file is gone."""
    if upload.state is ARRIVING:
        raise UploadNotFound(upload.upload_id)
    if offset != upload.size_bytes:
        raise WrongOffset(offset, upload.size_bytes)
    return upload


def _drop_unchecked(context: Context, upload: Upload, part: Part) -> int:
    """Drop bytes whose checksum was never compared; returns how many are left."""
    if upload.unchecked_from is not None:
        part.cut(upload.unchecked_from)
        with context.database.write():
            context.stores.uploads.note_unchecked(upload.upload_id, None)
    return part.size_bytes


def _noted(read: Callable[[int], bytes], movement: Movement) -> Callable[[int], bytes]:
    def read_on(size: int) -> bytes:
        block = read(size)
        if block:
            movement.note()
        return block

    return read_on


def _fill(
    context: Context,
    upload: Upload,
    part: Part,
    read: Callable[[int], bytes],
    checksum: Checksum | None,
) -> None:
    """Append bytes; those whose checksum is wrong are dropped again."""
    uploads = context.stores.uploads
    here = part.size_bytes
    if checksum is not None:
        with context.database.write():
            uploads.note_unchecked(upload.upload_id, here)
        part.digests["bytes"] = hashlib.new(checksum.algorithm, usedforsecurity=False)
    if upload.sha256 and here == 0:
        part.hash_file()
    # Receiving a film takes long, and others need the connection.
    context.database.release()
    is_good, is_all = False, False
    try:
        is_all = part.fill(read, upload.size_bytes - here)
        is_good = checksum is None or part.digests["bytes"].digest() == checksum.digest
    finally:
        if checksum is not None and not is_good:
            part.cut(here)
        part.sync()
        expiry = timedelta(hours=context.settings.upload_expiry_hours)
        with context.database.write():
            uploads.note_progress(upload.upload_id, context.clock.now() + expiry)
    if not is_good:
        raise ChecksumMismatch("The bytes arrived damaged: send them again.")
    if not is_all:
        raise TooLarge("More bytes were sent than were announced: those were left out.")


def _arrive(context: Context, upload: Upload, part: Part) -> Upload:
    """Note that all bytes are here; returns the upload with `is_verified` False if the file has to
    be read again to compare its checksum. Raises ChecksumMismatch when they are known to differ.
    """
    uploads = context.stores.uploads
    found = part.digests.get("file")
    if found is not None and found.hexdigest() != upload.sha256:
        with context.database.write():
            uploads.delete(upload.upload_id, ARRIVING)
        part.discard()
        raise ChecksumMismatch(
            "The file that arrived has another SHA-256 than you announced: send it again."
        )
    is_verified = upload.sha256 is None or found is not None
    with context.database.write():
        arrived = uploads.arrive(upload.upload_id, is_verified=is_verified)
    return arrived or complete.get_upload(context, upload.upload_id)
