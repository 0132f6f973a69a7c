"""What becomes of the old system's jobs: each goes on, waits, or is over, and none is stuck."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from boz_server.database.connection import Database
from boz_server.database.legacy.filling import adopt_into
from boz_server.database.legacy.report import Report
from boz_server.database.models import Agent, Job, JobEvent
from tests.database.legacy import LegacyDatabase
from tests.database.rows import NOW

Adopt = Callable[[], Report]
WHEN = datetime(2026, 1, 20, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def disc(legacy: LegacyDatabase) -> None:
    """A disc in its drive, and one that was ejected."""
    legacy.add("agents")
    legacy.add("workers")
    legacy.add("tv_seasons", disc_ids='["disc", "ejected"]')
    legacy.add("discs")
    legacy.add("discs", disc_id="ejected", status="ejected")


def test_it_keeps_jobs_that_are_over(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("jobs", disc_id="disc", title_index=3, input_file="C:\\rips\\a.mkv", priority=7,
               output_name="Firefly - S01E01", output_file="/out/a.mkv", preset="H.265 NVENC 1080p",
               assigned_agent_id="pc", assigned_at="2026-01-20 10:00:00", requires_approval=1,
               source_disc_name="OTHER", input_file_size=2**33, progress=100,
               error="Upload failed", started_at="2026-01-20 10:00:00",
               completed_at="2026-01-20 10:00:00.5")  # fmt: skip
    report = adopt()
    assert not report.repairs
    job = Job.get()
    assert (job.job_type, job.status, job.priority, job.progress) == (
        "transcode",
        "completed",
        7,
        100,
    )
    assert (job.disc_id, job.title_index, job.input_file) == ("disc", 3, "C:\\rips\\a.mkv")
    assert (job.output_name, job.output_file) == ("Firefly - S01E01", "/out/a.mkv")
    assert (job.preset, job.error, job.input_file_size) == (
        "H.265 NVENC 1080p",
        "Upload failed",
        2**33,
    )
    assert (job.assigned_agent_id, job.assigned_at, job.started_at) == ("pc", WHEN, WHEN)
    assert job.completed_at == WHEN.replace(microsecond=500000)
    assert (job.requires_approval, job.source_disc_name, job.attempt) == (True, "OTHER", 0)
    assert not JobEvent.select().exists()


STATES: list[tuple[str, str | None, dict[str, object], str]] = [
    # type, state, further columns, what becomes of it
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


@pytest.mark.parametrize(
    ("before", "columns", "after"),
    [(before, {"job_type": kind} | columns, after) for kind, before, columns, after in STATES],
)
def test_it_leaves_no_job_stuck(
    legacy: LegacyDatabase,
    adopt: Adopt,
    before: str | None,
    columns: dict[str, object],
    after: str,
) -> None:
    legacy.add("jobs", status=before, title_index=1, progress=30, **columns)
    adopt()
    job = Job.get()
    assert job.status == after
    is_over = after in ("failed", "cancelled", "completed")
    assert (job.completed_at is not None) == is_over
    if after == "queued":
        assert (job.assigned_agent_id, job.assigned_at, job.progress) == (None, None, 0)
    if after in ("assigned", "running"):
        assert job.assigned_at is not None
        assert job.attempt == 1
    changed = before is None or before.lower() != after
    assert JobEvent.select().count() == changed
    if changed:
        event = JobEvent.get()
        assert (event.to_status, event.attempt) == (after, job.attempt)
    if changed and is_over:
        assert job.error


def test_it_lets_an_agent_find_its_jobs_that_has_to_register_again(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("jobs", status="assigned", assigned_agent_id="den")
    adopt()
    assert Job.get().assigned_agent_id == "den"
    assert Agent.get_by_id("den").status == "offline"


def test_it_lets_a_worker_without_an_agent_keep_its_job(
    legacy: LegacyDatabase, adopt: Adopt
) -> None:
    legacy.add("workers", worker_id="farm", agent_id=None, current_jobs='["job"]')
    legacy.add("jobs", status="running", assigned_agent_id="farm")
    adopt()
    assert (Job.get().assigned_worker_id, Agent.select().count()) == ("farm", 1)


def test_it_keeps_a_job_of_a_disc_that_is_gone(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("jobs", disc_id="gone")
    report = adopt()
    assert Job.get().disc_id is None
    assert report.repairs["jobs", "disc_id: the disc is gone, set to null"] == 1


@pytest.mark.parametrize(("progress", "kept"), [(-5, 0), (250, 100), (42.5, 42.5), ("half", 0)])
def test_it_keeps_progress_within_its_bounds(
    legacy: LegacyDatabase, adopt: Adopt, progress: object, kept: float
) -> None:
    legacy.add("jobs", progress=progress)
    adopt()
    assert Job.get().progress == kept


def test_it_says_when_a_job_was_cancelled(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("jobs", status="cancelled", started_at="2026-01-21 10:00:00")
    adopt()
    assert Job.get().completed_at == WHEN.replace(day=21)


def test_it_leaves_one_rip_of_a_title(legacy: LegacyDatabase, adopt: Adopt) -> None:
    def rip(job_id: str, status: str, **columns: object) -> None:
        legacy.add("jobs", job_id=job_id, job_type="rip", status=status, disc_id="disc",
                   title_index=1, **columns)  # fmt: skip

    rip("old", "completed", created_at="2026-01-18 10:00:00")
    rip("new", "completed", created_at="2026-01-19 10:00:00")
    rip("run", "running", assigned_agent_id="pc")
    rip("wait", "queued")
    rip("failed", "failed")
    adopt()
    found = {job.job_id: (job.status, job.disc_id) for job in Job.select()}
    assert found == {
        "old": ("completed", None),
        "new": ("completed", "disc"),
        "run": ("cancelled", "disc"),
        "wait": ("cancelled", "disc"),
        "failed": ("failed", "disc"),
    }
    assert Job.get_by_id("old").source_disc_name == "FIREFLY_S01_D1"


def test_it_knows_which_rip_a_transcode_is_of(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("jobs", job_id="rip", job_type="rip", disc_id="ejected", title_index=1,
               output_file="C:\\rips\\a.mkv", assigned_agent_id="den")  # fmt: skip
    legacy.add("jobs", job_id="other", job_type="rip", disc_id="ejected", title_index=2)
    legacy.add("jobs", job_id="done", input_file="C:\\rips\\a.mkv")
    legacy.add("jobs", job_id="first", input_file="C:\\rips\\a.mkv", status="pending",
               requires_approval=1, created_at="2026-01-20 11:00:00")  # fmt: skip
    legacy.add("jobs", job_id="second", input_file="C:\\rips\\a.mkv", status="pending",
               requires_approval=1, created_at="2026-01-20 12:00:00")  # fmt: skip
    legacy.add("jobs", job_id="by title", disc_id="ejected", title_index=2, input_file="b.mkv")
    legacy.add("jobs", job_id="elsewhere", input_file="c.mkv", status="queued")
    adopt()
    found = {job.job_id: (job.source_job_id, job.for_agent_id) for job in Job.select()}
    assert found == {
        "rip": (None, None),
        "other": (None, None),
        "done": ("rip", None),
        "first": ("rip", "den"),
        "second": (None, "den"),
        "by title": ("other", None),
        "elsewhere": (None, None),
    }
    assert Agent.get_by_id("den").status == "offline"


def test_it_keeps_thumbnails_that_are_files(database: Database, legacy: LegacyDatabase) -> None:
    legacy.add("jobs", job_id="open", status="pending", requires_approval=1, title_index=4,
               thumbnails_json='["/9j/4AAQ"]',
               thumbnail_timestamps_json="[60, 120, 60, -1, null]")  # fmt: skip
    legacy.add("jobs", job_id="over", thumbnail_timestamps_json="[60]")
    legacy.add("jobs", job_id="broken", thumbnail_timestamps_json="[")
    there = {("open", 4, 60), ("over", 0, 60)}
    adopt_into(database, legacy.path, NOW, lambda *asked: asked in there)
    kept = {job.job_id: job.thumbnail_timestamps for job in Job.select()}
    assert kept == {"open": [60], "over": [], "broken": []}


def test_it_mends_jobs(legacy: LegacyDatabase, adopt: Adopt) -> None:
    legacy.add("jobs", job_type="burn", priority=10**12, title_index="x", input_file="/a\x00.mkv",
               output_name="n" * 900, requires_approval=None, input_file_size=-1, progress=None,
               created_at=None, started_at="?", completed_at=None)  # fmt: skip
    legacy.add("jobs", job_id="", status="queued")
    report = adopt()
    job = Job.get()
    assert (job.job_type, job.priority, job.title_index) == ("transcode", 2**31 - 1, None)
    assert (job.input_file, len(job.output_name), job.input_file_size) == ("/a.mkv", 255, 0)
    assert (job.requires_approval, job.progress, job.created_at) == (False, 0, NOW)
    assert [lost.why for lost in report.lost] == ["as it has no id"]
