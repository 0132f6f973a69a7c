"""Every BOZ_* environment variable: its meaning, unit and default.

`Settings.from_env()` reads them once at the start and refuses a wrong value with one sentence.
An empty value counts as unset. `BOZ_NAME_FILE` names a file that holds the value of `BOZ_NAME`,
for secrets that should not stand in an environment. docs/settings.md lists them for people; a
test holds that page to this file.
"""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Self

from environs import EnvError, FileAwareEnv

from boz_server.domain.metadata.answers import TVOrder
from boz_server.domain.naming.collision import CollisionPolicy
from boz_server.domain.naming.path_map import PathMap
from boz_server.domain.queue.placement import AssignmentStrategy
from boz_server.domain.queue.presets import preset_for
from boz_server.errors import SettingsError


class LogFormat(StrEnum):
    """How a log line is written."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe message that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


#: Types of settings that are whole numbers; None where another setting speaks for it.
WHOLE_NUMBERS: tuple[Any, ...] = (int, int | None)
#: Types of settings that are folders; None where the place follows from another setting.
FOLDERS: tuple[Any, ...] = (Path, Path | None)
NO_MAP = PathMap()
#: A century.
MAX_DAYS = 36500


def _setting(
    default: Any, meaning: str, *, low: float | None = None, high: float | None = None
) -> Any:
    """A variable with its default, its meaning and, for a number, its least and greatest value."""
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high})


def _secret(meaning: str, default: str | None = None) -> Any:
    """A variable whose value is never shown in a message or a log."""
    return field(default=default, repr=False, metadata={"meaning": meaning, "secret": True})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The server's settings, immutable once read; see each variable's meaning below."""

    PREFIX: ClassVar[str] = "BOZ_"

    # The web server
    host: str = _setting("0.0.0.0", "Address that the server listens on.")  # noqa: S104
    port: int = _setting(8000, "Port that the server listens on.", low=1, high=65535)
    web_workers: int = _setting(2, "Server processes.", low=1, high=64)
    web_threads: int = _setting(8, "Threads in each server process.", low=1, high=256)
    debug: bool = _setting(False, "Log everything, as with BOZ_LOG_LEVEL=debug.")
    log_level: LogLevel = _setting(LogLevel.INFO, "Least severe message that is logged.")
    log_format: LogFormat = _setting(LogFormat.TEXT, "Log lines for people, or one JSON a line.")
    max_json_bytes: int = _setting(
        32 * 1024 * 1024, "Greatest request body, in bytes, but for file uploads.", low=1024
    )
    api_key: str | None = _secret(
        "Key that clients send as 'Authorization: Bearer'; open if unset."
    )
    public_reads: bool = _setting(
        False, "Let GET requests in without the key, but for VLC commands."
    )

    # Where things are kept
    temp_dir: Path = _setting(Path("/data/temp"), "Folder for thumbnails and passing files.")
    output_dir: Path = _setting(Path("/data/output"), "Folder that uploaded files land in.")
    min_free_bytes: int = _setting(
        2 * 1024**3,
        "Bytes that stay free on the disks of temp_dir and output_dir: below, no new rip begins.",
        low=0,
    )
    upload_expiry_hours: int = _setting(
        48,
        "Hours without a new byte after which an unfinished upload is forgotten.",
        low=1,
        high=10**5,
    )
    nas_enabled: bool = _setting(False, "Finished files go on to a mounted network share.")
    nas_host: str | None = _setting(None, "Name of the machine that has the share, for display.")
    nas_share: str | None = _setting(None, "Name of the share, for display.")
    nas_username: str | None = _setting(None, "User of the share; the host mounts it, not we.")
    nas_password: str | None = _secret("Password of the share; the host mounts it, not we.")
    nas_mount: Path = _setting(Path("/nas"), "Folder that the host has mounted the share at.")
    nas_movie_path: str = _setting("Movies", "Folder for films, below the library's root.")
    nas_tv_path: str = _setting("TV Shows", "Folder for shows, below the library's root.")
    collision_policy: CollisionPolicy = _setting(
        CollisionPolicy.KEEP_BOTH, "What becomes of a file whose name another has in the library."
    )
    organize_wait_seconds: float = _setting(
        2.0,
        "Seconds that an upload's answer waits for the file to be in the library.",
        low=0,
        high=30,
    )

    # The database
    database_url: str = _secret(
        "sqlite:////path or postgresql://user:password@host/name.",
        "sqlite:////data/database/boz_ripper.db",
    )
    database_pool_size: int = _setting(5, "Connections kept, a process.", low=1, high=100)
    database_max_overflow: int = _setting(10, "Connections more at a peak.", low=0, high=100)
    database_echo: bool = _setting(False, "Log every SQL statement.")
    auto_migrate: bool = _setting(True, "Bring the database to this version at the start.")
    allow_network_fs: bool = _setting(
        False, "Let an SQLite database lie on a network file system, at your own risk."
    )
    backup_dir: Path | None = _setting(
        None, "Folder for backups; 'backups' beside the database's file if unset."
    )
    backup_keep: int = _setting(7, "Backups kept in that folder.", low=1, high=10**5)
    backup_interval_hours: int = _setting(
        24,
        "Hours between the server's own backups; 0: it makes none, not before migrations either.",
        low=0,
        high=10**5,
    )
    retention_jobs_days: int = _setting(
        30,
        "Days that jobs are kept once they are done or cancelled; 0: for good.",
        low=0,
        high=MAX_DAYS,
    )
    retention_failed_jobs_days: int = _setting(
        90, "Days that failed jobs are kept; 0: for good.", low=0, high=MAX_DAYS
    )
    retention_discs_days: int = _setting(
        180,
        "Days after which discs that were ejected or ripped go into the archive; 0: never.",
        low=0,
        high=MAX_DAYS,
    )

    # Agents and workers
    agent_timeout_seconds: int = _setting(
        120,
        "Seconds without a sign of life after which an agent counts as offline.",
        low=1,
        high=10**9,
    )
    heartbeat_interval: int = _setting(30, "Seconds between an agent's heartbeats.", low=1)
    worker_timeout_seconds: int = _setting(
        90,
        "Seconds without a sign of life after which a worker counts as offline.",
        low=1,
        high=10**9,
    )
    worker_assignment_strategy: AssignmentStrategy = _setting(
        AssignmentStrategy.PRIORITY, "How a worker is chosen among those that fit."
    )
    max_attempts: int = _setting(3, "Attempts at a job before it counts as failed.", low=1)
    max_rip_attempts: int | None = _setting(None, "The same for rips, where they differ.", low=1)
    max_transcode_attempts: int | None = _setting(
        None, "The same for transcodes, where they differ.", low=1
    )
    max_organize_attempts: int | None = _setting(
        None, "The same for organize jobs, where they differ.", low=1
    )
    worker_auto_failover: bool = _setting(True, "Give a lost worker's jobs to another by itself.")
    max_concurrent_rips: int = _setting(2, "Rip jobs that run at the same time.", low=1)
    max_concurrent_transcodes: int = _setting(4, "Transcode jobs that run at once.", low=1)
    default_transcode_preset: str = _setting(
        "Fast 1080p30", "HandBrake preset where none is named."
    )

    # Naming
    thetvdb_api_key: str | None = _secret("Key for TheTVDB, for episode names.")
    omdb_api_key: str | None = _secret("Key for OMDb, for films.")
    tmdb_api_key: str | None = _secret("Key or read access token for TMDb, for films.")
    thetvdb_url: str = _setting("https://api4.thetvdb.com/v4", "Address of TheTVDB's API, v4.")
    omdb_url: str = _setting("https://www.omdbapi.com", "Address of OMDb's API.")
    tmdb_url: str = _setting("https://api.themoviedb.org/3", "Address of TMDb's API, v3.")
    tv_order: TVOrder = _setting(TVOrder.AIRED, "Order that TheTVDB's episodes are numbered in.")
    provider_timeout_seconds: float = _setting(
        10.0,
        "Seconds that a request waits for TheTVDB, OMDb and TMDb, all together.",
        low=0.1,
        high=60,
    )
    extras_min_duration_seconds: int = _setting(
        600, "Seconds below which a title counts as an extra.", low=0
    )
    extras_duration_variance: float = _setting(
        0.4, "Share by which an episode's length may differ from the disc's usual.", low=0, high=1
    )

    # Hands-free
    auto_approve_previews: bool = _setting(False, "Approve proposed names without a person.")
    auto_approve_min_confidence: float = _setting(
        0.9, "How sure a disc must be to be approved without a person.", low=0, high=1
    )
    auto_rip: bool = _setting(False, "Rip approved discs without a person.")
    auto_transcode: bool = _setting(
        False, "Transcode what was ripped of approved discs without a person."
    )

    # Media servers and Discord
    plex_enabled: bool = _setting(False, "Tell Plex of new files.")
    plex_url: str = _setting("http://localhost:32400", "Address of the Plex server.")
    plex_token: str | None = _secret("Plex access token.")
    plex_movie_library_id: str | None = _setting(None, "Plex's number of the film library.")
    plex_tv_library_id: str | None = _setting(None, "Plex's number of the show library.")
    plex_path_map: PathMap = _setting(NO_MAP, "Where Plex has our folders, if not at our paths.")
    plex_scan_delay_seconds: float = _setting(
        2.0, "Seconds from a new file to the scan, of any media server.", low=0, high=10**9
    )
    jellyfin_enabled: bool = _setting(False, "Tell Jellyfin of new files.")
    jellyfin_url: str = _setting("http://localhost:8096", "Address of the Jellyfin server.")
    jellyfin_api_key: str | None = _secret("Jellyfin API key.")
    jellyfin_path_map: PathMap = _setting(NO_MAP, "Where Jellyfin has our folders, likewise.")
    emby_enabled: bool = _setting(False, "Tell Emby of new files.")
    emby_url: str = _setting("http://localhost:8096", "Address of the Emby server, without /emby.")
    emby_api_key: str | None = _secret("Emby API key.")
    emby_path_map: PathMap = _setting(NO_MAP, "Where Emby has our folders, likewise.")
    discord_enabled: bool = _setting(False, "Post notices to a Discord channel.")
    discord_webhook_url: str | None = _secret("Webhook of the Discord channel.")
    discord_notify_on_complete: bool = _setting(True, "Post when a job is done.")
    discord_notify_on_failure: bool = _setting(True, "Post when a job fails.")
    discord_notify_on_organized: bool = _setting(True, "Post when a file is in the library.")

    @property
    def inputs_dir(self) -> Path:
        """Folder that holds the raw titles that workers fetch."""
        return self.temp_dir / "inputs"

    @property
    def thumbnails_dir(self) -> Path:
        """Folder that holds one folder of thumbnails for each disc or job."""
        return self.temp_dir / "thumbnails"

    def usual_preset(self, disc_type: str | None, capabilities: Mapping[str, Any]) -> str:
        """Return the preset of a job that names none, on a worker that can do so much.

        disc_type: MakeMKV's word for the disc that it came from, None where there is none.
        """
        if not self.auto_transcode:
            return self.default_transcode_preset
        return preset_for(disc_type or "", capabilities, self.default_transcode_preset)

    @classmethod
    def from_env(cls) -> Self:
        """Read the environment; raises SettingsError at the first variable that is wrong."""
        env = FileAwareEnv(prefix=cls.PREFIX, strip_whitespace=True)
        return cls(**{item.name: _read(env, item) for item in fields(cls)})


def _read(env: FileAwareEnv, item: "Field[Any]") -> Any:
    """Return the variable's value, or its default where it is unset or empty."""
    name = item.name.upper()
    try:
        raw = env.str(name, "").strip()
        if not raw and os.environ.get(f"BOZ_{name}_FILE"):
            raise ValueError("an empty file must not stand for no key at all")
    except (ValueError, OSError) as error:
        raise SettingsError(
            f"BOZ_{name}_FILE must name a readable text file that holds the value of BOZ_{name}."
        ) from error
    if not raw:
        return item.default
    try:
        value = _parse(env, name, item, raw)
        _check_range(item, value)
    except (EnvError, ValueError) as error:
        shown = "the secret given" if item.metadata.get("secret") else repr(raw)
        raise SettingsError(f"BOZ_{name} is {shown}, but must be {allowed(item)}.") from error
    return value


def _parse(env: FileAwareEnv, name: str, item: "Field[Any]", raw: str) -> Any:
    if item.type is bool:
        return env.bool(name)
    if item.type in WHOLE_NUMBERS:
        return env.int(name)
    if item.type is float:
        return env.float(name)
    if item.type in FOLDERS:
        return env.path(name)
    if isinstance(item.type, type) and issubclass(item.type, StrEnum):
        return item.type(raw.lower())
    return PathMap.parse(raw) if item.type is PathMap else raw


def _check_range(item: "Field[Any]", value: Any) -> None:
    low, high = item.metadata.get("low"), item.metadata.get("high")
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueError


def allowed(item: "Field[Any]") -> str:
    """Say in words which values a variable takes."""
    if item.type is bool:
        return "true or false"
    if isinstance(item.type, type) and issubclass(item.type, StrEnum):
        return "one of " + ", ".join(item.type)
    if item.type in (*WHOLE_NUMBERS, float):
        kind = "a number" if item.type is float else "a whole number"
        low, high = item.metadata.get("low"), item.metadata.get("high")
        if low is None:
            return kind
        return f"{kind} of at least {low}" if high is None else f"{kind} from {low} to {high}"
    if item.type is PathMap:
        return "pairs of absolute paths such as /nas:/media, separated by commas"
    return "a folder's path" if item.type in FOLDERS else "a text"
