"""What each row of the old system's database becomes, rule by rule."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest

from boz_server.database.legacy.filling import adopt_into
from boz_server.database.legacy.report import Report
from boz_server.database.models import MODELS, Job, JobEvent, Title
from boz_server.domain.identification.title_facts import TitleFacts, fingerprint
from boz_server.domain.machines.capabilities import AGENT_DEFAULTS, WORKER_DEFAULTS
from boz_server.domain.queue.job_states import OVER
from tests.database.legacy import title_rows
from tests.database.legacy_in_use import FEW_JOBS, fill
from tests.database.rows import NOW

Adopt = Callable[[], Report]
Old = tuple[str, dict[str, Any]]
WHEN = datetime(2026, 1, 20, 10, tzinfo=UTC)
TABLES = {model._meta.table_name: model for model in MODELS}


@dataclass(frozen=True)
class Case:
    """Rows of the old database, and what they become: (table, columns, values of each row).

    repairs, added: counts that the report has; of repairs, {} means none, and None any. lost:
    (table, key, the row it is merged into, if any, and why), or the first three of these.
    """

    old: list[Old]
    new: list[tuple[str, str, list[tuple[Any, ...]]]]
    repairs: dict[tuple[str, str], int] | None = None
    added: dict[str, int] = field(default_factory=dict)
    lost: list[tuple[Any, ...]] = field(default_factory=list)


def row(table: str, **columns: Any) -> Old:
    return table, columns


agent, worker, vlc = partial(row, "agents"), partial(row, "workers"), partial(row, "vlc_commands")
disc, title, job = partial(row, "discs"), partial(row, "titles"), partial(row, "jobs")
season, episode = partial(row, "tv_seasons"), partial(row, "tv_episodes")

RIP = "C:\\rips\\a.mkv"
NO_DATE = ("yesterday", None, "9999-99-99", "0001-01-01T00:00:00+05:00")
NO_JSON = ('{"gpu": "\\u0000"}', '{"gpu": "\\ud800"}', "[" * 2000, '{"gpu": NaN}', b"\xff")
#: For jobs: a disc in its drive, and one that was ejected.
FLEET = [
    agent(), worker(), season(disc_ids='["disc", "ejected"]'), disc(),
    disc(disc_id="ejected", status="ejected"),
]  # fmt: skip

# fmt: off
MACHINES: dict[str, Case] = {
    "agents stay as they were": Case(
        [agent(capabilities='{"can_rip": true, "gpu_type": "RTX 4060 \\u00fc", "drives": [1]}')],
        [("agents", "agent_id name status capabilities last_heartbeat registered_at", [
            ("pc", "Living room", "online", {"can_rip": True, "can_transcode": False,
             "gpu_type": "RTX 4060 ü", "drives": [1]}, WHEN, WHEN)])]),
    "times are read in all their forms": Case(
        [agent(agent_id=str(at), registered_at=stored) for at, stored in enumerate((
            "2026-01-20 10:00:00.123456", "2026-01-20 10:00:00", "2026-01-20T11:00:00+01:00",
            b"2026-01-20 10:00:00"))],
        [("agents", "agent_id registered_at", [
            ("0", WHEN.replace(microsecond=123456)), ("1", WHEN), ("2", WHEN), ("3", WHEN)])],
        repairs={}),
    "a machine is offline if nobody knows when it was last heard": Case(
        [each(**{f"{name}_id": str(at), "last_heartbeat": heard})
         for each, name in ((agent, "agent"), (worker, "worker"))
         for at, heard in enumerate(NO_DATE)] + [agent()],
        [("agents", "agent_id status last_heartbeat", [
            *((str(at), "offline", WHEN) for at in range(4)), ("pc", "online", WHEN)]),
         ("workers", "worker_id status last_heartbeat", [
            (str(at), "offline", WHEN) for at in range(4)])]),
    "no machine was heard in the future": Case(
        [agent(last_heartbeat="2099-01-01 00:00:00")],
        [("agents", "last_heartbeat", [(NOW,)])],
        repairs={("agents", "last_heartbeat: in the future, set to now"): 1}),
    "machines are mended": Case(
        [agent(name=None, status="asleep", capabilities="{broken", registered_at=None),
         worker(worker_type="cloud", hostname=None, capabilities="[1]", priority=1000,
                enabled="maybe", status=None, current_jobs="?", total_jobs_completed=-3,
                avg_transcode_time_seconds="fast", cpu_usage=250, gpu_usage="hot")],
        [("agents", "name status capabilities", [("pc", "offline", AGENT_DEFAULTS)]),
         ("workers", "worker_type hostname capabilities priority enabled status current_jobs"
          " total_jobs_completed avg_transcode_time_seconds cpu_usage gpu_usage",
          [("agent", "pc-gpu", WORKER_DEFAULTS, 99, True, "offline", [], 0, 0, 100, None)])]),
    "JSON that no database takes becomes the defaults": Case(
        [agent(agent_id=str(at), capabilities=each) for at, each in enumerate(NO_JSON)],
        [("agents", "agent_id capabilities", [(str(at), AGENT_DEFAULTS) for at in range(5)])]),
    "capabilities that services rely on are filled in": Case(
        [agent(), worker(capabilities='{"nvenc": true, "hevc": "yes", "max_concurrent": null,'
                                      ' "cpu_threads": -1, "vlc_path": 3}')],
        [("workers", "capabilities", [(WORKER_DEFAULTS | {"nvenc": True},)])],
        repairs={("workers", "capabilities: what makes no sense set to the default"): 1}),
    "a priority that someone chose stays": Case(
        [worker(worker_id="default", priority=50), worker(worker_id="chosen", priority=10)],
        [("workers", "worker_id priority priority_set_by_operator", [
            ("default", 50, False), ("chosen", 10, True)])]),
    "agents that only other rows name are entered": Case(
        [worker(agent_id="den"), disc(agent_id="attic"),
         job(status="running", assigned_agent_id="shed"),
         job(job_id="old", status="completed", assigned_agent_id="barn")],
        [("agents", "agent_id status", [
            ("den", "offline"), ("attic", "offline"), ("shed", "offline")]),
         ("workers", "agent_id", [("den",)]), ("discs", "agent_id", [("attic",)]),
         # A job that is over may name an agent that is gone: that is history.
         ("jobs", "job_id assigned_agent_id", [("job", "shed"), ("old", "barn")])],
        added={"agents": 3}),
    "a disc without an agent belongs to an unknown one": Case(
        [disc(agent_id=None)], [("discs", "agent_id", [("unknown",)])]),
    "what machines work on is set from the jobs": Case(
        [agent(current_job_id="gone", status="busy"), agent(agent_id="den", current_job_id=None),
         worker(current_jobs='["done", "mine", "gone"]'),
         worker(worker_id="pc-cpu", current_jobs="[]"),
         job(job_id="done", assigned_agent_id="pc"),
         job(job_id="mine", status="assigned", assigned_agent_id="pc"),
         job(job_id="rip", job_type="rip", status="running", assigned_agent_id="den")],
        [("agents", "agent_id current_job_id status", [
            ("pc", None, "online"), ("den", "rip", "busy")]),
         ("workers", "worker_id current_jobs", [("pc-gpu", ["mine"]), ("pc-cpu", [])]),
         ("jobs", "job_id assigned_worker_id", [
            ("done", None), ("mine", "pc-gpu"), ("rip", None)])],
        repairs={("workers", "current_jobs: set from the jobs"): 1}),
    "the character NUL is taken out": Case(
        [agent(name="Living\x00 room\x00")], [("agents", "name", [("Living room",)])],
        repairs={("agents", "name: the character NUL taken out"): 1}),
    "machines without an id are dropped": Case(
        [agent(agent_id=""), worker(worker_id="")], [("agents", "name", [])],
        lost=[("agents", "null", None), ("workers", "null", None)]),
    "commands for VLC stay": Case(
        [vlc(agent_id="gone", sent_at="2026-01-20 10:00:00"),
         vlc(command_id="odd", status="lost", created_at=None, file_path=None)],
        [("vlc_commands", "command_id agent_id status sent_at file_path", [
            ("vlc", "gone", "completed", WHEN, "D:\\a.mkv"), ("odd", "pc", "failed", None, "")])]),
}
DISCS: dict[str, Case] = {
    "a disc and its titles stay, and what we know besides is filled in": Case(
        [season(last_episode_assigned=2, disc_ids='["disc"]'), disc(starting_episode_number=1),
         *title_rows("disc", 1, 2, None)],
        [("discs", "disc_name status tv_season_id title_key disc_number identification"
          " fingerprint",
          [("FIREFLY_S01_D1", "detected", "Firefly:s1", "firefly", 1, {}, fingerprint(
            "FIREFLY_S01_D1",
            [TitleFacts(0, "", 2580), TitleFacts(1, "", 2580), TitleFacts(2, "", 300)]))]),
         ("titles", "id title_index episode_number kind", [
            (1, 0, 1, "episode"), (2, 1, 2, "episode"), (3, 2, None, "extra")])],
        repairs={}),
    "a disc can be found": Case(
        [season(show_name="Firefly!"), disc(tv_show_name="Firefly!"),
         title(title_index=1, episode_title="The Train Job"),
         title(title_index=0, episode_title="Serenity")],
        [("library_entries", "disc_id show_key media_type detected_at text", [
            ("disc", "firefly", "tv_show", WHEN, "firefly s01 d1 s1 serenity the train job")]),
         ("discs", "detected_at", [(WHEN,)]), ("tv_seasons", "show_key", [("firefly",)])]),
    "a title without a number is the film": Case(
        [disc(media_type="movie", tv_season_id=None, tv_show_name=None, tv_season_number=None,
              movie_title="Heat", movie_year=1995, movie_confidence=7, omdb_imdb_id="tt0113277"),
         title(proposed_filename="Heat (1995).mkv"), title(title_index=1)],
        [("discs", "movie_title movie_year movie_confidence", [("Heat", 1995, 1.0)]),
         ("titles", "title_index kind", [(0, "feature"), (1, None)]),
         ("tv_seasons", "season_id", [])]),
    "the latest disc stays in a drive": Case(
        [disc(disc_id="late", detected_at="2026-01-22 10:00:00"),
         disc(disc_id="early", detected_at="2026-01-20 10:00:00", status="ripping"),
         disc(disc_id="gone", detected_at="2026-01-23 10:00:00", status="ejected"),
         disc(disc_id="beside", drive="E:")],
        [("discs", "disc_id status", [("late", "detected"), ("early", "ejected"),
                                      ("gone", "ejected"), ("beside", "detected")])],
        repairs={("discs", "ejected, as a later one lies in its drive"): 1}),
    "of two titles with one number the later stays": Case(
        [disc(), title(id=7, title_index=0, name="Before"), title(id=8, title_index=1,
         name="Beside"), title(id=9, title_index=0, name="After")],
        [("titles", "id name", [(8, "Beside"), (9, "After")])],
        lost=[("titles", "7", "9")]),
    "titles whose disc is gone are dropped": Case(
        [title(disc_id="gone"), title(disc_id=None), disc(), title(title_index=None)],
        [("titles", "id", [])],
        lost=[("titles", "1", None, "as its disc is gone"),
              ("titles", "2", None, "as its disc is gone"),
              ("titles", "3", None, "as it has no number")]),
    "ids of titles that no column takes are replaced": Case(
        [disc(), title(id=2**40, title_index=0), title(id=-5, title_index=1),
         title(id=1, title_index=2)],
        [("titles", "id", [(1,), (2,), (3,)])]),
    **{f"the season id {named!r} is written our way": Case(
        [season(season_id=named, disc_ids='["disc"]'), episode(season_id=named),
         disc(tv_season_id=named)],
        [(table, column, [("Firefly:s1",)]) for table, column in (
            ("tv_seasons", "season_id"), ("discs", "tv_season_id"), ("tv_episodes", "season_id"))])
       for named in ("firefly_S01", "FIREFLY:S1", "Firefly - Season 1", "x", "Firefly:s1", "S1")},
    "a season is found under an id that a disc writes otherwise": Case(
        [season(season_id="firefly-s1"), disc(tv_season_id="Firefly:S1", tv_show_name=None)],
        [("tv_seasons", "season_id", [("Firefly:s1",)]),
         ("discs", "tv_season_id", [("Firefly:s1",)])]),
    "ids without a letter are not the same": Case(
        [season(season_id="?!", show_name="Other"), disc(tv_season_id="..."),
         disc(disc_id="film", drive="E:", tv_season_id="", tv_show_name=None)],
        [("discs", "disc_id tv_season_id", [("disc", "Firefly:s1"), ("film", None)])]),
    "several rows become one season": Case(
        [season(season_id="a", last_episode_assigned=4, disc_ids='["one"]'),
         season(season_id="b", last_episode_assigned=8, disc_ids='["two"]',
                thetvdb_series_id=78874, updated_at="2026-01-22 10:00:00"),
         disc(disc_id="one", tv_season_id="a", drive="D:"),
         disc(disc_id="two", tv_season_id="b", drive="E:")],
        [("tv_seasons", "disc_ids last_episode_assigned thetvdb_series_id", [
            (["one", "two"], 8, 78874)])],
        lost=[("tv_seasons", "b", "Firefly:s1")]),
    "seasons that are gone are entered again": Case(
        [disc(), *title_rows("disc", 5, 6),
         disc(disc_id="other", drive="E:", tv_show_name=None, tv_season_id="Lost:s2")],
        [("tv_seasons", "season_id show_name season_number last_episode_assigned disc_ids", [
            ("Firefly:s1", "Firefly", 1, 6, ["disc"]), ("Lost:s2", "Lost", 2, 0, ["other"])])],
        added={"tv_seasons": 2}),
    "seasons are mended": Case(
        [season(season_id="Lost:s3", show_name=None, season_number="three",
                last_episode_assigned=None, disc_ids="{", created_at="?", updated_at=None)],
        [("tv_seasons", "season_id disc_ids last_episode_assigned", [("Lost:s3", [], 0)])]),
    "a season remembers the numbers of discs that are gone": Case(
        [season(last_episode_assigned=8, disc_ids='["gone", "disc"]',
                last_disc_name="FIREFLY_S01_D2"), disc(), *title_rows("disc", 1, 2, 3)],
        [("tv_seasons", "gone_last_episode gone_last_disc last_episode_assigned disc_ids", [
            (8, 2, 8, ["disc"])])],
        repairs={("tv_seasons", "numbered on behind discs that are gone"): 1}),
    "it remembers none if all discs are there": Case(
        [season(last_episode_assigned=3, disc_ids='["disc"]'), disc(preview_status="rejected"),
         *title_rows("disc", 1, 2, 3)],
        [("tv_seasons", "gone_last_episode last_episode_assigned", [(0, 0)])]),
    "a disc without a decision keeps its numbers": Case(
        [disc(preview_status="pending"), *title_rows("disc", 5, 6)],
        [("discs", "told_first_episode", [(5,)])]),
    "the episode that says more stays": Case(
        [season(), episode(id=1, episode_name="Serenity", runtime=86),
         episode(id=2, episode_name="Episode 1"),
         episode(id=3, episode_number=2, episode_name="The Train Job"),
         episode(id=4, episode_number=2, episode_name="Train Job"),
         episode(id=5, season_id="gone")],
        [("tv_episodes", "id episode_name", [(1, "Serenity"), (4, "Train Job")])],
        lost=[("tv_episodes", "2", "1"), ("tv_episodes", "3", "4"),
              ("tv_episodes", "5", None)]),
    "names of any length stay": Case(
        [disc(disc_name="X" * 3000, tv_show_name="Y" * 3000, drive="/dev/" + "z" * 300),
         title(name="Z" * 3000, proposed_path="p" * 3000)],
        [("discs", "disc_name", [("X" * 3000,)]), ("titles", "name", [("Z" * 3000,)]),
         ("tv_seasons", "show_name", [("Y" * 255,)])]),
    "discs and titles are mended": Case(
        [disc(drive=None, disc_name=None, disc_type=None, detected_at="?", status="lost",
              media_type="music", preview_status=None, tv_season_id=None, tv_season_number="one",
              movie_year=-4, omdb_imdb_id="t" * 50, movie_confidence=None),
         title(name=None, duration_seconds=-5, size_bytes=1e30, chapters="x", selected=None,
               is_extra=None, episode_number=-1, confidence_score=9)],
        [("discs", "drive disc_name disc_type status media_type preview_status movie_year"
          " omdb_imdb_id movie_confidence",
          [("", "", "Unknown", "ejected", "unknown", "pending", 0, "t" * 20, 0)]),
         ("titles", "name duration_seconds size_bytes selected is_extra confidence_score", [
            ("Title 1", 0, 2**63 - 1, False, False, 1)])]),
}
JOBS: dict[str, Case] = {
    "a job that is over stays as it was": Case(
        [job(disc_id="disc", title_index=3, input_file=RIP, priority=7,
             output_name="Firefly - S01E01", output_file="/out/a.mkv", preset="H.265 NVENC 1080p",
             assigned_agent_id="pc", assigned_at="2026-01-20 10:00:00", requires_approval=1,
             source_disc_name="OTHER", input_file_size=2**33, progress=100, error="Upload failed",
             started_at="2026-01-20 10:00:00", completed_at="2026-01-20 10:00:00.5")],
        [("jobs", "job_type status priority progress disc_id title_index input_file output_name"
          " output_file preset error upload_failed input_file_size assigned_agent_id assigned_at"
          " started_at completed_at requires_approval source_disc_name attempt",
          [("transcode", "completed", 7, 100, "disc", 3, RIP, "Firefly - S01E01", "/out/a.mkv",
            "H.265 NVENC 1080p", "Upload failed", True, 2**33, "pc", WHEN, WHEN,
            WHEN.replace(microsecond=500000), True, "OTHER", 0)]),
         ("job_events", "job_id", [])],
        repairs={}),
    "an agent that has to register again finds its jobs": Case(
        [job(status="assigned", assigned_agent_id="den")],
        [("jobs", "assigned_agent_id", [("den",)]),
         ("agents", "agent_id status", [("pc", "online"), ("den", "offline")])]),
    "a worker without an agent keeps its job": Case(
        [worker(worker_id="farm", agent_id=None, current_jobs='["job"]'),
         job(status="running", assigned_agent_id="farm")],
        [("jobs", "assigned_worker_id", [("farm",)]), ("agents", "agent_id", [("pc",)])]),
    "a job of a disc that is gone stays": Case(
        [job(disc_id="gone")], [("jobs", "disc_id", [(None,)])],
        repairs={("jobs", "disc_id: the disc is gone, set to null"): 1}),
    "progress stays within its bounds": Case(
        [job(job_id=str(progress), progress=progress) for progress in (-5, 250, 42.5, "half")],
        [("jobs", "job_id progress", [("-5", 0), ("250", 100), ("42.5", 42.5), ("half", 0)])]),
    "a cancelled job says when": Case(
        [job(status="cancelled", started_at="2026-01-21 10:00:00")],
        [("jobs", "completed_at", [(WHEN.replace(day=21),)])]),
    "one rip of a title stays": Case(
        [job(job_id=job_id, job_type="rip", status=status, disc_id="disc", title_index=1, **more)
         for job_id, status, more in (
            ("old", "completed", {"created_at": "2026-01-18 10:00:00"}),
            ("new", "completed", {"created_at": "2026-01-19 10:00:00"}),
            ("run", "running", {"assigned_agent_id": "pc"}), ("wait", "queued", {}),
            ("failed", "failed", {}))],
        [("jobs", "job_id status disc_id source_disc_name", [
            (job_id, status, of_disc, "FIREFLY_S01_D1") for job_id, status, of_disc in (
                ("old", "completed", None), ("new", "completed", "disc"),
                ("run", "cancelled", "disc"), ("wait", "cancelled", "disc"),
                ("failed", "failed", "disc"))])]),
    "a transcode knows its rip": Case(
        [job(job_id="rip", job_type="rip", disc_id="ejected", title_index=1, output_file=RIP,
             assigned_agent_id="den"),
         job(job_id="other", job_type="rip", disc_id="ejected", title_index=2),
         job(job_id="done", input_file=RIP),
         job(job_id="first", input_file=RIP, status="pending", requires_approval=1,
             created_at="2026-01-20 11:00:00"),
         job(job_id="second", input_file=RIP, status="pending", requires_approval=1,
             created_at="2026-01-20 12:00:00"),
         job(job_id="by title", disc_id="ejected", title_index=2, input_file="b.mkv"),
         job(job_id="elsewhere", input_file="c.mkv", status="queued")],
        [("jobs", "job_id source_job_id for_agent_id", [
            ("rip", None, None), ("other", None, None), ("done", "rip", None),
            ("first", "rip", "den"), ("second", None, "den"), ("by title", "other", None),
            ("elsewhere", None, None)]),
         ("agents", "agent_id status", [("pc", "online"), ("den", "offline")])]),
    "jobs are mended": Case(
        [job(job_type="burn", priority=10**12, title_index="x", input_file="/a\x00.mkv",
             output_name="n" * 900, requires_approval=None, input_file_size=-1, progress=None,
             created_at=None, started_at="?", completed_at=None),
         job(job_id="", status="queued")],
        [("jobs", "job_type priority title_index input_file output_name input_file_size"
          " requires_approval progress created_at",
          [("transcode", 2**31 - 1, None, "/a.mkv", "n" * 255, 0, False, 0, NOW)])],
        lost=[("jobs", "null", None, "as it has no id")]),
    "a job that is over is counted": Case(
        [job(job_id=job_id, preset="Fast", input_file_size=5_000, started_at="2026-01-20 10:00:00",
             completed_at="2026-01-20 10:10:00") for job_id in ("one", "two")],
        [("daily_stats", "day job_type outcome worker_id preset duration_bucket runs busy_seconds"
          " input_bytes output_bytes compared_runs",
          [(date(2026, 1, 20), "transcode", "completed", "", "Fast", 576, 2, 1200, 10_000, 0,
            0)])]),
    "a job is counted as what it becomes": Case(
        [job(job_id="odd", status="paused"), job(job_id="open", status="queued")],
        [("daily_stats", "outcome", [("failed",)])]),
    "a preset's long name is cut in the statistics": Case(
        [job(preset="x" * 9000)], [("daily_stats", "preset", [("x" * 255,)])]),
}
# fmt: on
CASES = [
    pytest.param(rows, case, id=name)
    for rows, cases in (([], MACHINES), ([agent()], DISCS), (FLEET, JOBS))
    for name, case in cases.items()
]


def values(table: str, columns: str) -> list[tuple[Any, ...]]:
    """The values in these columns of all rows of a table of ours."""
    return [
        tuple(getattr(found, column) for column in columns.split())
        for found in TABLES[table].select()
    ]


def in_words(row: tuple[Any, ...]) -> list[str]:
    return [str(value) for value in row]


@pytest.mark.parametrize(("around", "case"), CASES)
def test_it_adopts_rows(legacy, adopt, around, case):
    legacy.add_all(around + case.old)
    report = adopt()
    for table, columns, rows in case.new:
        assert sorted(values(table, columns), key=in_words) == sorted(rows, key=in_words)
    if case.repairs is not None:
        found = {what: report.repairs[what] for what in case.repairs or report.repairs}
        assert found == case.repairs
    assert {table: report.added[table] for table in case.added} == case.added
    assert len(report.lost) == len(case.lost)
    for lost, expected in zip(report.lost, case.lost, strict=True):
        assert lost[: len(expected)] == expected


#: Type, state and further columns of a job, and the state that it gets.
STATES: list[tuple[str, str | None, dict[str, object], str]] = [
    ("transcode", "pending", {"requires_approval": 1}, "pending"),
    ("transcode", "pending", {"requires_approval": 0}, "queued"),
    ("rip", "pending", {"requires_approval": 1, "disc_id": "disc"}, "queued"),
    ("rip", "queued", {"disc_id": "disc"}, "queued"),
    ("rip", "queued", {"disc_id": "ejected"}, "failed"),
    ("rip", "pending", {"disc_id": "gone"}, "failed"),
    ("rip", "assigned", {"disc_id": "ejected", "assigned_agent_id": "pc"}, "failed"),
    ("rip", "running", {"disc_id": "ejected", "assigned_agent_id": "pc"}, "running"),
    ("rip", "running", {"disc_id": "ejected"}, "failed"),
    ("rip", "assigned", {"disc_id": "disc"}, "queued"),
    ("transcode", "assigned", {}, "queued"),
    ("transcode", "running", {}, "queued"),
    ("transcode", "assigned", {"assigned_agent_id": "nobody"}, "assigned"),
    ("transcode", "running", {"assigned_agent_id": "pc"}, "running"),
    ("organize", "queued", {}, "cancelled"),
    ("organize", "completed", {}, "completed"),
    ("transcode", "Running", {"assigned_agent_id": "pc"}, "running"),
    ("transcode", "paused", {}, "failed"),
    ("transcode", None, {}, "failed"),
]


def test_it_leaves_no_job_stuck(legacy, adopt):
    legacy.add_all(FLEET)
    for number, (kind, before, columns, _) in enumerate(STATES):
        # Each of another title: of one title, one rip stays.
        at = {"job_id": str(number), "title_index": number, "progress": 30}
        legacy.add("jobs", job_type=kind, status=before, **at, **columns)
    adopt()
    for number, (_, before, _, after) in enumerate(STATES):
        assert_goes_on(Job.get_by_id(str(number)), before, after)


def assert_goes_on(adopted: Job, before: str | None, after: str) -> None:
    """Check a job that was in a state before and has to be in another one now."""
    assert adopted.status == after
    is_over = after in ("failed", "cancelled", "completed")
    assert (adopted.completed_at is not None) == is_over
    if after == "queued":
        left = (adopted.assigned_agent_id, adopted.assigned_at, adopted.progress)
        assert left == (None, None, 0)
    if after in ("assigned", "running"):
        assert adopted.assigned_at is not None
        assert adopted.attempt == 1
    events = list(JobEvent.select().where(JobEvent.job == adopted.job_id))
    has_changed = before is None or before.lower() != after
    expected = [(after, adopted.attempt)] if has_changed else []
    assert [(event.to_status, event.attempt) for event in events] == expected
    if has_changed and is_over:
        assert adopted.error


def test_it_keeps_thumbnails_that_are_files(database, legacy):
    legacy.add("jobs", job_id="open", status="pending", requires_approval=1, title_index=4,
               thumbnails_json='["/9j/4AAQ"]',
               thumbnail_timestamps_json="[60, 120, 60, -1, null]")  # fmt: skip
    legacy.add("jobs", job_id="over", thumbnail_timestamps_json="[60]")
    legacy.add("jobs", job_id="broken", thumbnail_timestamps_json="[")
    there = {("open", 4, 60), ("over", 0, 60)}
    adopt_into(database, legacy.path, NOW, lambda *asked: asked in there)
    stored = {job.job_id: job.thumbnail_timestamps for job in Job.select()}
    assert stored == {"open": [60], "over": [], "broken": []}


def test_it_shortens_ids_that_are_too_long_the_same_everywhere(legacy, adopt):
    long = "pc-" * 50
    legacy.add_all([agent(agent_id=long), agent(agent_id=long + "other"), disc(agent_id=long)])
    adopt()
    agents = [agent_id for (agent_id,) in values("agents", "agent_id")]
    assert len(agents) == 2
    ((of_disc,),) = values("discs", "agent_id")
    assert of_disc in agents
    assert len(of_disc) == 100


def test_it_replaces_letters_that_are_no_utf8(legacy, adopt):
    legacy.add("agents")
    legacy.run("UPDATE agents SET name = CAST(x'4cff' AS TEXT)")
    adopt()
    assert values("agents", "name") == [("L\ufffd",)]


def test_it_gives_new_titles_the_ids_that_follow(legacy, adopt):
    legacy.add_all([agent(), disc(), title(id=41)])
    adopt()
    columns = {"title_index": 1, "name": "x", "duration_seconds": 1, "size_bytes": 0}
    assert Title.create(disc="disc", **columns).id == 42


def test_it_counts_each_job_of_a_whole_database_once(legacy, adopt):
    fill(legacy, FEW_JOBS)
    adopt()
    over = Job.select().where(Job.status.in_(list(OVER))).count()
    assert over > 0
    assert sum(runs for (runs,) in values("daily_stats", "runs")) == over
