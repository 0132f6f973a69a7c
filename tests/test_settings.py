"""Every variable: its default, what it refuses, and that the pages for people tell the truth."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from boz_server.domain.naming.path_map import PathMap
from boz_server.errors import SettingsError
from boz_server.settings import AssignmentStrategy, LogFormat, LogLevel, Settings
from boz_server.settings import allowed as allowed_values

PROJECT = Path(__file__).parents[1]
FIELDS = {f"BOZ_{field.name.upper()}": field for field in fields(Settings)}

#: Variables that existing installations set, with their defaults: none may go or change.
CONTRACT = {
    "HOST": "0.0.0.0",  # noqa: S104
    "PORT": 8000, "DEBUG": False, "API_KEY": None,
    "TEMP_DIR": Path("/data/temp"), "OUTPUT_DIR": Path("/data/output"),
    "NAS_ENABLED": False, "NAS_HOST": None, "NAS_SHARE": None, "NAS_USERNAME": None,
    "NAS_PASSWORD": None, "NAS_MOVIE_PATH": "Movies", "NAS_TV_PATH": "TV Shows",
    "MAX_CONCURRENT_RIPS": 2, "MAX_CONCURRENT_TRANSCODES": 4,
    "DEFAULT_TRANSCODE_PRESET": "Fast 1080p30",
    "AGENT_TIMEOUT_SECONDS": 120, "HEARTBEAT_INTERVAL": 30, "WORKER_TIMEOUT_SECONDS": 90,
    "WORKER_ASSIGNMENT_STRATEGY": AssignmentStrategy.PRIORITY, "WORKER_AUTO_FAILOVER": True,
    "THETVDB_API_KEY": None, "OMDB_API_KEY": None,
    "EXTRAS_MIN_DURATION_SECONDS": 600, "EXTRAS_DURATION_VARIANCE": 0.4,
    "AUTO_APPROVE_PREVIEWS": False,
    "DATABASE_URL": "sqlite:////data/database/boz_ripper.db", "DATABASE_POOL_SIZE": 5,
    "DATABASE_MAX_OVERFLOW": 10, "DATABASE_ECHO": False,
    "PLEX_ENABLED": False, "PLEX_URL": "http://localhost:32400", "PLEX_TOKEN": None,
    "PLEX_MOVIE_LIBRARY_ID": None, "PLEX_TV_LIBRARY_ID": None, "PLEX_SCAN_DELAY_SECONDS": 2,
    "DISCORD_ENABLED": False, "DISCORD_WEBHOOK_URL": None, "DISCORD_NOTIFY_ON_COMPLETE": True,
    "DISCORD_NOTIFY_ON_FAILURE": True, "DISCORD_NOTIFY_ON_ORGANIZED": True,
}  # fmt: skip

SECRETS = {
    "BOZ_API_KEY", "BOZ_NAS_PASSWORD", "BOZ_DATABASE_URL", "BOZ_THETVDB_API_KEY",
    "BOZ_OMDB_API_KEY", "BOZ_TMDB_API_KEY", "BOZ_PLEX_TOKEN", "BOZ_JELLYFIN_API_KEY",
    "BOZ_EMBY_API_KEY", "BOZ_DISCORD_WEBHOOK_URL",
}  # fmt: skip

PAIRS = "pairs of absolute paths such as /nas:/media, separated by commas"


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    """The settings of an environment."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings.from_env()


@pytest.mark.parametrize("name", CONTRACT)
def test_it_keeps_the_default_of_every_variable_in_use(name):
    found = getattr(Settings.from_env(), name.lower())
    assert (found, type(found) is bool) == (CONTRACT[name], type(CONTRACT[name]) is bool)


@pytest.mark.parametrize("name", FIELDS)
def test_it_counts_an_empty_value_as_unset(monkeypatch, name):
    assert read(monkeypatch, **{name: ""}) == Settings()
    assert read(monkeypatch, **{name: "  "}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("PORT", " 8080 ", 8080),
        ("DEBUG", "true", True),
        ("DEBUG", "1", True),
        ("DEBUG", "Yes", True),
        ("WORKER_AUTO_FAILOVER", "off", False),
        ("WORKER_AUTO_FAILOVER", "0", False),
        ("EXTRAS_DURATION_VARIANCE", "0", 0.0),
        ("PLEX_SCAN_DELAY_SECONDS", "2.5", 2.5),
        ("TEMP_DIR", "/srv/boz", Path("/srv/boz")),
        ("LOG_LEVEL", "Warning", LogLevel.WARNING),
        ("LOG_FORMAT", "json", LogFormat.JSON),
        ("WORKER_ASSIGNMENT_STRATEGY", "round_robin", AssignmentStrategy.ROUND_ROBIN),
        ("WORKER_ASSIGNMENT_STRATEGY", "load_balance", AssignmentStrategy.LOAD_BALANCE),
        ("WORKER_ASSIGNMENT_STRATEGY", "fastest_first", AssignmentStrategy.FASTEST_FIRST),
        ("NAS_TV_PATH", "Séries TV", "Séries TV"),
        ("PLEX_PATH_MAP", " /nas:/media ", PathMap.parse("/nas:/media")),
        ("MAX_ATTEMPTS", "1", 1),
        ("MAX_RIP_ATTEMPTS", " 5 ", 5),
        ("MAX_TRANSCODE_ATTEMPTS", "1", 1),
        ("MAX_ORGANIZE_ATTEMPTS", "", None),
    ],
)
def test_it_reads_a_value(monkeypatch, name, value, meant):
    assert getattr(read(monkeypatch, **{f"BOZ_{name}": value}), name.lower()) == meant


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("BOZ_PORT", "eighty", "a whole number from 1 to 65535"),
        ("BOZ_PORT", "80.5", "a whole number from 1 to 65535"),
        ("BOZ_PORT", "0", "a whole number from 1 to 65535"),
        ("BOZ_PORT", "65536", "a whole number from 1 to 65535"),
        ("BOZ_HEARTBEAT_INTERVAL", "-30", "a whole number of at least 1"),
        ("BOZ_AGENT_TIMEOUT_SECONDS", "9" * 20, "a whole number from 1 to 1000000000"),
        ("BOZ_DATABASE_MAX_OVERFLOW", "-1", "a whole number from 0 to 100"),
        ("BOZ_MAX_ATTEMPTS", "0", "a whole number of at least 1"),
        ("BOZ_MAX_RIP_ATTEMPTS", "0", "a whole number of at least 1"),
        ("BOZ_MAX_TRANSCODE_ATTEMPTS", "2.5", "a whole number of at least 1"),
        ("BOZ_MAX_ORGANIZE_ATTEMPTS", "None", "a whole number of at least 1"),
        ("BOZ_EXTRAS_DURATION_VARIANCE", "1.01", "a number from 0 to 1"),
        ("BOZ_EXTRAS_DURATION_VARIANCE", "0,4", "a number from 0 to 1"),
        ("BOZ_EXTRAS_DURATION_VARIANCE", "nan", "a number from 0 to 1"),
        ("BOZ_PLEX_SCAN_DELAY_SECONDS", "inf", "a number from 0 to 1000000000"),
        ("BOZ_DEBUG", "maybe", "true or false"),
        ("BOZ_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("BOZ_LOG_FORMAT", "xml", "one of text, json"),
        ("BOZ_WORKER_ASSIGNMENT_STRATEGY", "random",
         "one of priority, round_robin, load_balance, fastest_first"),
        ("BOZ_PLEX_PATH_MAP", "/nas", PAIRS),
        ("BOZ_JELLYFIN_PATH_MAP", "/nas:media", PAIRS),
        ("BOZ_EMBY_PATH_MAP", "/nas:/media,", PAIRS),
    ],
)  # fmt: skip
def test_it_refuses_a_wrong_value_in_one_sentence(monkeypatch, name, value, allowed):
    with pytest.raises(SettingsError) as refused:
        read(monkeypatch, **{name: value})
    assert str(refused.value) == f"{name} is '{value}', but must be {allowed}."


def test_it_reads_a_secret_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("open sesame\n")
    settings = read(monkeypatch, BOZ_API_KEY="other", BOZ_API_KEY_FILE=str(tmp_path / "key"))
    assert settings.api_key == "open sesame"


def test_it_reads_any_other_value_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "port").write_text("8080\n")
    assert read(monkeypatch, BOZ_PORT_FILE=str(tmp_path / "port")).port == 8080
    (tmp_path / "port").write_text("none")
    with pytest.raises(SettingsError, match="BOZ_PORT is 'none', but must be a whole number"):
        Settings.from_env()


def test_it_counts_an_empty_file_name_as_unset(monkeypatch):
    assert read(monkeypatch, BOZ_API_KEY="key", BOZ_API_KEY_FILE="").api_key == "key"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_it_stays_shut_where_the_file_of_the_key_holds_none(monkeypatch, tmp_path, content):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match="BOZ_API_KEY_FILE must name a readable text file"):
        read(monkeypatch, BOZ_API_KEY_FILE=str(file))


def test_it_never_shows_a_secret(monkeypatch):
    settings = read(monkeypatch, **dict.fromkeys(SECRETS, "hunter2"))
    assert settings.api_key == settings.database_url == "hunter2"
    assert "hunter2" not in repr(settings)
    marked = {name for name, field in FIELDS.items() if field.metadata.get("secret")}
    assert marked == SECRETS


def test_it_never_shows_a_secret_that_is_wrong(monkeypatch):
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("boz_server.settings._check_range", refuse)
    with pytest.raises(SettingsError) as refused:
        read(monkeypatch, BOZ_HOST="", BOZ_API_KEY="hunter2")
    assert str(refused.value) == "BOZ_API_KEY is the secret given, but must be a text."


def test_it_can_not_be_changed_once_read():
    with pytest.raises(AttributeError):
        Settings().port = 9  # type: ignore[misc]


def shown(name: str) -> str:
    """A variable's default, as people would type it; empty where there is none."""
    default = FIELDS[name].default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    return "" if default is None else str(default)


def page_rows() -> dict[str, tuple[str, str]]:
    """{variable: (default, meaning)} of docs/settings.md."""
    page = (PROJECT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `(BOZ_\w+)` \| (?:`(.*?)`|unset) \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) == len({name for name, *_ in rows})
    return {name: (default, meaning) for name, default, meaning in rows}


def test_it_has_a_row_for_every_variable_and_no_other_on_its_page():
    assert list(page_rows()) == list(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_it_tells_default_meaning_and_range_on_its_page(name):
    default, meaning = page_rows()[name]
    field = FIELDS[name]
    assert default == shown(name)
    assert meaning.startswith(field.metadata["meaning"])
    assert ("Secret." in meaning) == bool(field.metadata.get("secret"))
    words = allowed_values(field)
    if words.startswith(("one of", "a whole number", "a number")):
        assert words[1:] in meaning


def test_it_has_every_variable_commented_out_with_its_default_in_the_example():
    lines = (PROJECT / ".env.example").read_text().splitlines()
    found = dict(re.fullmatch(r"#(BOZ_\w+)=(.*)", line).groups()  # type: ignore[union-attr]
                 for line in lines if re.match(r"#\w", line))  # fmt: skip
    assert found == {name: shown(name) for name in FIELDS}
    assert all(line.startswith("#") or not line for line in lines)


def test_it_tells_every_meaning_in_the_example():
    example = (PROJECT / ".env.example").read_text()
    for name, field in FIELDS.items():
        assert re.search(rf"^# {re.escape(field.metadata['meaning'])}.*\n#{name}=", example, re.M)


def test_it_says_which_variables_nothing_reads_yet():
    sources = [*(PROJECT / "boz_server").rglob("*.py"), *PROJECT.glob("*.py")]
    code = "".join(file.read_text() for file in sources if file.name != "settings.py")
    read_by_code = {
        name
        for name, field in FIELDS.items()
        if re.search(rf'settings\.{field.name}\b|"{field.name}"', code)
    }
    page = (PROJECT / "docs" / "settings.md").read_text()
    said = re.search(r"without\s+effect in this version: (.*?)\.\n", page, re.DOTALL)
    assert set(re.findall(r"BOZ_\w+", said[1] if said else "")) == FIELDS.keys() - read_by_code
