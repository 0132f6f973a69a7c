"""Every BOZ_* environment variable: its meaning, unit and default.

`Settings.from_env()` reads them once at startup and rejects a wrong value with one sentence. An
empty value counts as unset. `BOZ_NAME_FILE` names a file that contains the value of `BOZ_NAME`, for
secrets that should not be in the environment. docs/settings.md lists all settings; a test compares
that page with this file.
"""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Self

from environs import EnvError, FileAwareEnv

from boz_server.domain.metadata.answers import TVOrder
from boz_server.domain.naming.library_paths import CollisionPolicy
from boz_server.domain.naming.path_map import PathMap
from boz_server.domain.queue.placement import AssignmentStrategy
from boz_server.domain.queue.presets import preset_for
from boz_server.errors import SettingsError


class LogFormat(StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


#: Types of settings that are whole numbers; None means that another setting applies.
WHOLE_NUMBERS: tuple[Any, ...] = (int, int | None)
#: Types of settings that are folders; None means that another setting decides the path.
FOLDERS: tuple[Any, ...] = (Path, Path | None)
NO_MAP = PathMap()
#: A century.
MAX_DAYS = 36500


def _setting(
    default: Any, meaning: str, *, low: float | None = None, high: float | None = None
) -> Any:
    """A variable with its default, its meaning and, for a number, the allowed range."""
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high})


def _secret(meaning: str, default: str | None = None) -> Any:
    """A variable whose value never appears in a message or a log."""
    return field(default=default, repr=False, metadata={"meaning": meaning, "secret": True})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The server's settings, immutable once read."""

    PREFIX: ClassVar[str] = "BOZ_"

    # The web server
    host: str = _setting("0.0.0.0", "Address that the server listens on.")  # noqa: S104
    port: int = _setting(8000, "Port that the server listens on.", low=1, high=65535)
    web_workers: int = _setting(2, "Server processes.", low=1, high=64)
    web_threads: int = _setting(8, "Threads in each server process.", low=1, high=256)
    debug: bool = _setting(False, "Log everything, as with BOZ_LOG_LEVEL=debug.")
    log_level: LogLevel = _setting(LogLevel.INFO, "Least severe level that is logged.")
    log_format: LogFormat = _setting(
        LogFormat.TEXT, "Log lines as text for people, or as one JSON object per line."
    )
    max_json_bytes: int = _setting(
        32 * 1024 * 1024, "Largest request body in bytes, except for file uploads.", low=1024
    )
    api_key: str | None = _secret(
        "Key that clients must send as 'Authorization: Bearer'; the API is open if unset."
    )
    public_reads: bool = _setting(
        False, "Allow GET requests without the key, except for VLC commands."
    )

    # Storage
    temp_dir: Path = _setting(Path("/data/temp"), "Folder for thumbnails and temporary files.")
    output_dir: Path = _setting(Path("/data/output"), "Folder that uploaded files are saved in.")
    min_free_bytes: int = _setting(
        2 * 1024**3,
        "Bytes to keep free on the disks of BOZ_TEMP_DIR and BOZ_OUTPUT_DIR, or no rip starts.",
        low=0,
    )
    upload_expiry_hours: int = _setting(
        48, "Hours without new data after which an unfinished upload is dropped.", low=1, high=10**5
    )
    nas_enabled: bool = _setting(
        False, "Move finished files into a library, usually on a mounted network share."
    )
    nas_host: str | None = _setting(None, "Name of the machine with the share, for display only.")
    nas_share: str | None = _setting(None, "Name of the share, for display only.")
    nas_username: str | None = _setting(
        None, "User name for the share; unused, because the host mounts the share."
    )
    nas_password: str | None = _secret(
        "Password for the share; unused, because the host mounts the share."
    )
    nas_mount: Path = _setting(
        Path("/nas"), "Folder where the host has mounted the share; the library's root."
    )
    nas_movie_path: str = _setting("Movies", "Folder for films, inside the library's root.")
    nas_tv_path: str = _setting("TV Shows", "Folder for shows, inside the library's root.")
    collision_policy: CollisionPolicy = _setting(
        CollisionPolicy.KEEP_BOTH,
        "What to do when another file in the library already has the name.",
    )
    organize_wait_seconds: float = _setting(
        2.0,
        "Seconds that an upload request waits for its file to reach the library before it answers.",
        low=0,
        high=30,
    )

    # The database
    database_url: str = _secret(
        "sqlite:////path or postgresql://user:password@host/name.",
        "sqlite:////data/database/boz_ripper.db",
    )
    database_pool_size: int = _setting(5, "Connections kept open in each process.", low=1, high=100)
    database_max_overflow: int = _setting(
        10, "Extra connections in each process at peak load.", low=0, high=100
    )
    database_echo: bool = _setting(False, "Log every SQL statement.")
    auto_migrate: bool = _setting(True, "Migrate the database to this version's schema at startup.")
    allow_network_fs: bool = _setting(
        False, "Allow an SQLite database on a network file system, at your own risk."
    )
    backup_dir: Path | None = _setting(
        None, "Folder for backups; 'backups' next to the database file if unset."
    )
    backup_keep: int = _setting(7, "Number of backups to keep in that folder.", low=1, high=10**5)
    backup_interval_hours: int = _setting(
        24,
        "Hours between automatic backups; 0 turns them off, including those before migrations.",
        low=0,
        high=10**5,
    )
    retention_jobs_days: int = _setting(
        30, "Days to keep completed and cancelled jobs; 0 keeps them forever.", low=0, high=MAX_DAYS
    )
    retention_failed_jobs_days: int = _setting(
        90, "Days to keep failed jobs; 0 keeps them forever.", low=0, high=MAX_DAYS
    )
    retention_discs_days: int = _setting(
        180,
        "Days after which ejected or ripped discs are archived; 0 means never.",
        low=0,
        high=MAX_DAYS,
    )

    # Agents and workers
    agent_timeout_seconds: int = _setting(
        120, "Seconds without contact after which an agent counts as offline.", low=1, high=10**9
    )
    heartbeat_interval: int = _setting(30, "Seconds between an agent's heartbeats.", low=1)
    worker_timeout_seconds: int = _setting(
        90, "Seconds without contact after which a worker counts as offline.", low=1, high=10**9
    )
    worker_assignment_strategy: AssignmentStrategy = _setting(
        AssignmentStrategy.PRIORITY, "How to choose among the workers that can do a job."
    )
    max_attempts: int = _setting(3, "Attempts at a job before it fails for good.", low=1)
    max_rip_attempts: int | None = _setting(
        None, "Attempts at a rip, if different from BOZ_MAX_ATTEMPTS.", low=1
    )
    max_transcode_attempts: int | None = _setting(
        None, "Attempts at a transcode, if different from BOZ_MAX_ATTEMPTS.", low=1
    )
    max_organize_attempts: int | None = _setting(
        None, "Attempts at an organize job, if different from BOZ_MAX_ATTEMPTS.", low=1
    )
    stalled_minutes: float = _setting(
        30.0,
        "Minutes without progress after which a running job counts as stalled.",
        low=0.01,
        high=10**6,
    )
    unstarted_minutes: float = _setting(
        10.0,
        "Minutes within which a machine must begin a job that it was handed.",
        low=0.01,
        high=10**6,
    )
    disc_return_hours: float = _setting(
        24.0,
        "Hours within which a disc that left its drive may come back and be ripped on.",
        low=0,
        high=10**5,
    )
    worker_auto_failover: bool = _setting(
        True, "Give a lost worker's jobs to another worker automatically."
    )
    max_concurrent_rips: int = _setting(2, "Rip jobs that may run at the same time.", low=1)
    max_concurrent_transcodes: int = _setting(
        4, "Transcode jobs that may run at the same time.", low=1
    )
    default_transcode_preset: str = _setting(
        "Fast 1080p30", "HandBrake preset for jobs that name none."
    )

    # Naming
    thetvdb_api_key: str | None = _secret("API key for TheTVDB, used for episode names.")
    omdb_api_key: str | None = _secret("API key for OMDb, used for films.")
    tmdb_api_key: str | None = _secret("API key or read access token for TMDb, used for films.")
    thetvdb_url: str = _setting("https://api4.thetvdb.com/v4", "Address of TheTVDB's API, v4.")
    omdb_url: str = _setting("https://www.omdbapi.com", "Address of OMDb's API.")
    tmdb_url: str = _setting("https://api.themoviedb.org/3", "Address of TMDb's API, v3.")
    thediscdb_enabled: bool = _setting(
        True, "Look discs up in TheDiscDb, which knows what each title of many discs is."
    )
    thediscdb_url: str = _setting(
        "https://thediscdb.com/graphql/", "Address of TheDiscDb's GraphQL API."
    )
    tv_order: TVOrder = _setting(TVOrder.AIRED, "Order in which TheTVDB numbers the episodes.")
    provider_timeout_seconds: float = _setting(
        4.5,
        "Longest time in seconds that a request waits for TheDiscDb, TheTVDB, OMDb and TMDb"
        " together."
        " A person's request never waits longer than 4.5.",
        low=0.1,
        high=60,
    )
    extras_min_duration_seconds: int = _setting(
        600, "Titles shorter than this many seconds count as extras.", low=0
    )
    extras_duration_variance: float = _setting(
        0.4,
        "Fraction by which an episode's length may differ from the usual length on its disc.",
        low=0,
        high=1,
    )

    # Hands-free
    auto_approve_previews: bool = _setting(False, "Approve proposed names automatically.")
    auto_approve_min_confidence: float = _setting(
        0.9, "Lowest confidence at which a disc is approved automatically.", low=0, high=1
    )
    auto_rip: bool = _setting(False, "Rip approved discs automatically.")
    auto_transcode: bool = _setting(False, "Transcode the rips of approved discs automatically.")

    # Media servers and Discord
    plex_enabled: bool = _setting(False, "Notify Plex of new files.")
    plex_url: str = _setting("http://localhost:32400", "Address of the Plex server.")
    plex_token: str | None = _secret("Plex access token.")
    plex_movie_library_id: str | None = _setting(None, "ID of Plex's film library.")
    plex_tv_library_id: str | None = _setting(None, "ID of Plex's show library.")
    plex_path_map: PathMap = _setting(NO_MAP, "How our paths translate to Plex's, if they differ.")
    plex_scan_delay_seconds: float = _setting(
        2.0, "Seconds between a new file and the scan, for every media server.", low=0, high=10**9
    )
    jellyfin_enabled: bool = _setting(False, "Notify Jellyfin of new files.")
    jellyfin_url: str = _setting("http://localhost:8096", "Address of the Jellyfin server.")
    jellyfin_api_key: str | None = _secret("Jellyfin API key.")
    jellyfin_path_map: PathMap = _setting(
        NO_MAP, "How our paths translate to Jellyfin's, if they differ."
    )
    emby_enabled: bool = _setting(False, "Notify Emby of new files.")
    emby_url: str = _setting("http://localhost:8096", "Address of the Emby server, without /emby.")
    emby_api_key: str | None = _secret("Emby API key.")
    emby_path_map: PathMap = _setting(NO_MAP, "How our paths translate to Emby's, if they differ.")
    discord_enabled: bool = _setting(False, "Post notifications to a Discord channel.")
    discord_webhook_url: str | None = _secret("Webhook URL of the Discord channel.")
    discord_notify_on_complete: bool = _setting(True, "Post when a rip or transcode completes.")
    discord_notify_on_failure: bool = _setting(True, "Post when a job fails for good.")
    discord_notify_on_organized: bool = _setting(True, "Post when a file reaches the library.")

    @property
    def inputs_dir(self) -> Path:
        """Folder with the raw titles that workers download."""
        return self.temp_dir / "inputs"

    @property
    def thumbnails_dir(self) -> Path:
        """Folder with one subfolder of thumbnails for each disc or job."""
        return self.temp_dir / "thumbnails"

    def usual_preset(self, disc_type: str | None, capabilities: Mapping[str, Any]) -> str:
        """Return the preset for a job that names none, on a worker with these capabilities.

        disc_type: the disc's type as MakeMKV reports it; None if the job has no disc.
        """
        if not self.auto_transcode:
            return self.default_transcode_preset
        return preset_for(disc_type or "", capabilities, self.default_transcode_preset)

    @classmethod
    def from_env(cls) -> Self:
        """Read the environment; raises SettingsError for the first wrong variable."""
        env = FileAwareEnv(prefix=cls.PREFIX, strip_whitespace=True)
        return cls(**{item.name: _read(env, item) for item in fields(cls)})


def _read(env: FileAwareEnv, item: "Field[Any]") -> Any:
    """Return the variable's value, or its default if it is unset or empty."""
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
    """Describe which values a variable accepts."""
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
