"""`flask db`: what each command does, and the one line in which it says so."""

from functools import partial
from pathlib import Path

import peewee
import pytest

from boz_server.cli import db_schema
from boz_server.database import migrations as migrations_module
from boz_server.database.migrations import Migrations
from boz_server.database.models import MODELS
from boz_server.database.models.base import BaseModel
from tests.cli.conftest import Run, refused
from tests.database.folders import NOTHING, OURS

#: What the server of today is at, and the number of the one that is written next.
NEWEST = OURS[-1]
NEXT = f"{len(OURS) + 1:03}"


def test_it_upgrades_and_says_so(run: Run) -> None:
    result = run("upgrade")
    assert (result.exit_code, result.output) == (0, f"Applied: {', '.join(OURS)}.\n")
    result = run("upgrade")
    assert (result.exit_code, result.output) == (0, "Nothing to apply.\n")


def test_it_upgrades_to_the_one_named(run: Run, folder: Path) -> None:
    (folder / "901_nothing.py").write_text(NOTHING)
    assert run("upgrade", NEWEST).output == f"Applied: {', '.join(OURS)}.\n"
    assert run("upgrade", "901").output == "Applied: 901_nothing.\n"


def test_it_downgrades_and_says_so(run: Run, folder: Path) -> None:
    (folder / "901_nothing.py").write_text(NOTHING)
    run("upgrade")
    assert run("downgrade").output == "Undone: 901_nothing.\n"
    assert run("downgrade", "base").output == f"Undone: {', '.join(reversed(OURS))}.\n"
    refused(run("downgrade"), "nothing to undo")


def test_it_says_where_the_database_is(run: Run) -> None:
    assert run("current").output == "base (no migration applied)\n"
    run("upgrade")
    assert run("current").output == f"{NEWEST}\n"


def test_it_lists_what_is_applied_and_pending(run: Run, folder: Path) -> None:
    run("upgrade")
    (folder / "901_nothing.py").write_text(NOTHING)
    applied = [f"{name} (applied)" for name in OURS]
    assert run("history").output.splitlines() == [*applied, "901_nothing (pending)"]


def test_it_names_the_newest(run: Run, folder: Path) -> None:
    (folder / "901_nothing.py").write_text(NOTHING)
    assert run("heads").output == "901_nothing\n"


def test_it_names_no_newest_where_there_is_none(run: Run, folder: Path) -> None:
    for name in OURS:
        (folder / f"{name}.py").unlink()
    refused(run("heads"), "No migration", str(folder))


def test_it_stamps_and_says_so(run: Run) -> None:
    assert run("stamp", "head").output == f"Stamped: {NEWEST}.\n"
    assert run("current").output == f"{NEWEST}\n"
    assert run("stamp", "base").output == "Stamped: base.\n"


def test_it_makes_the_folder_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "some" / "where"
    monkeypatch.setattr(db_schema, "Migrations", partial(Migrations, folder=new))
    assert run("init").output == f"{new} made.\n"
    assert new.is_dir()
    assert run("init").output == f"{new} was there already.\n"


def test_it_checks_a_database_that_fits(run: Run) -> None:
    run("upgrade")
    result = run("check")
    assert (result.exit_code, result.output) == (0, "The database fits the models.\n")


def test_it_checks_a_database_that_has_drifted(run: Run, tmp_path: Path) -> None:
    run("upgrade")
    drifted = peewee.SqliteDatabase(tmp_path / "boz.db")
    drifted.execute_sql("DROP INDEX idx_agents_status")
    drifted.close()
    result = run("check")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "index idx_agents_status is missing: the models have CREATE INDEX idx_agents_status ON"
        " agents (status)",
        "Differences: 1.",
    ]


def test_it_checks_that_nothing_is_pending(run: Run, folder: Path) -> None:
    run("upgrade")
    (folder / "901_nothing.py").write_text(NOTHING)
    result = run("check")
    assert (result.exit_code, result.output.splitlines()[0]) == (
        1, "migration 901_nothing is pending"
    )  # fmt: skip


def test_it_writes_a_migration_to_be_filled_in(run: Run, folder: Path) -> None:
    run("upgrade")
    result = run("revision", "-m", "Give discs a colour!")
    assert (result.exit_code, result.output) == (0, f"Wrote {NEXT}_give_discs_a_colour.py.\n")
    assert (folder / f"{NEXT}_give_discs_a_colour.py").is_file()
    assert run("upgrade").output == f"Applied: {NEXT}_give_discs_a_colour.\n"
    assert run("downgrade").output == f"Undone: {NEXT}_give_discs_a_colour.\n"


def test_it_writes_nothing_where_the_models_ask_for_nothing(run: Run, folder: Path) -> None:
    run("upgrade")
    result = run("revision", "-m", "nothing", "--auto")
    assert (result.exit_code, result.output) == (
        0, "The models ask for no change: nothing written.\n"
    )  # fmt: skip
    assert sorted(file.stem for file in folder.glob("*.py")) == OURS


def test_it_drafts_a_migration_from_the_models(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shelf(BaseModel):
        name = peewee.TextField()

        class Meta:
            table_name = "shelves"

    run("upgrade")
    monkeypatch.setattr(migrations_module, "MODELS", (*MODELS, Shelf))
    result = run("revision", "-m", "shelves", "--auto")
    first, warning = result.output.splitlines()
    assert first == f"Wrote {NEXT}_shelves.py."
    assert "CHECK, DEFAULT and partial indexes are missing" in warning
    assert run("upgrade").output == f"Applied: {NEXT}_shelves.\n"
    assert "table shelves is not in the models" in run("check").output  # as MODELS are unpatched
    assert run("downgrade").output == f"Undone: {NEXT}_shelves.\n"
    assert "shelves is not" not in run("check").output


def test_it_wants_a_message(run: Run) -> None:
    result = run("revision")
    assert result.exit_code == 2
    assert "Missing option '-m'" in result.stderr
