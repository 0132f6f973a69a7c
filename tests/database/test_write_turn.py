"""Writers of all processes take turns."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boz_server.database.write_turn import WriteTurn
from boz_server.errors import DatabaseBusy

#: Takes the turn, says so, and keeps it until it is told to go on; then again, as often as asked.
HOLDER = """
import sys
from pathlib import Path
from boz_server.database.write_turn import WriteTurn

turn = WriteTurn(Path(sys.argv[1]), 10)
for _ in range(int(sys.argv[2])):
    with turn.taken():
        print("mine", flush=True)
        sys.stdin.readline()
"""

#: Takes the turn, and again when its child, made in between, had it; the child outlives it.
FORK = """
import os
import sys
from pathlib import Path
from boz_server.database.write_turn import WriteTurn

turn = WriteTurn(Path(sys.argv[1]), 10)
with turn.taken():
    pass
done, tell = os.pipe()
if not os.fork():
    with turn.taken():
        print("mine", flush=True)
    os.write(tell, b"!")
    sys.stdin.read()
    os._exit(0)
os.read(done, 1)
with turn.taken():
    print("mine", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "boz.db"
    path.touch()
    return path


@contextmanager
def holder(path: Path, times: int = 1) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the turn."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLDER, str(path), str(times)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            says(process)
            yield process
        finally:
            process.kill()


def says(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"


def goes_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def waiting(turn: WriteTurn, has_it: threading.Event) -> threading.Thread:
    def take() -> None:
        with turn.taken():
            has_it.set()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread


def test_it_waits_until_another_process_gives_the_turn_back(path):
    turn, has_it = WriteTurn(path, 10), threading.Event()
    with holder(path) as other:
        thread = waiting(turn, has_it)
        assert not has_it.wait(0.2)
        goes_on(other)
        thread.join(10)
    assert has_it.is_set()


def test_a_killed_holder_gives_the_turn_back(path):
    turn, has_it = WriteTurn(path, 10), threading.Event()
    with holder(path) as other:
        thread = waiting(turn, has_it)
        assert not has_it.wait(0.2)
        os.kill(other.pid, signal.SIGKILL)
        thread.join(10)
    assert has_it.is_set()


def test_each_of_two_processes_gets_its_turn_though_both_ask_again_at_once(path):
    turn, rounds = WriteTurn(path, 10), 6
    with holder(path, rounds) as other:
        for _ in range(rounds - 1):
            has_it = threading.Event()
            thread = waiting(turn, has_it)
            assert not has_it.wait(0.1)
            goes_on(other)
            thread.join(10)
            assert has_it.is_set()
            says(other)


def test_a_thread_that_has_the_turn_has_it_again(path):
    turn = WriteTurn(path, 10)
    with turn.taken(), turn.taken():
        pass
    with holder(path):
        pass


def test_the_threads_of_a_process_wait_so_long_and_no_longer(path):
    turn = WriteTurn(path, 0.1)
    failed = threading.Event()

    def fail() -> None:
        with pytest.raises(DatabaseBusy), turn.taken():
            pass
        failed.set()

    with turn.taken():
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join(10)
    assert failed.is_set()


def test_a_failure_to_open_its_files_leaves_the_turn_to_others(path):
    turn = WriteTurn(path, 0.1)
    turn.paths[1].mkdir()
    for _ in range(2):
        with pytest.raises(IsADirectoryError), turn.taken():
            pass
    turn.paths[1].rmdir()
    has_it = threading.Event()
    waiting(turn, has_it).join(10)
    assert has_it.is_set()


def test_all_who_may_write_the_database_may_take_the_turn(path):
    path.chmod(0o640)
    with WriteTurn(path, 0.1).taken():
        pass
    for name in ("boz.db.turn", "boz.db.next"):
        assert path.with_name(name).stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_gives_its_files_to_the_owner_of_the_database(path):
    os.chown(path, 65534, 65534)
    with WriteTurn(path, 0.1).taken():
        pass
    for name in ("boz.db.turn", "boz.db.next"):
        assert path.with_name(name).owner() == path.owner()


def test_two_databases_have_turns_of_their_own(path):
    other = path.with_name("other.db")
    other.touch()
    with holder(path), WriteTurn(other, 0.1).taken():
        pass


def test_a_fork_keeps_no_lock_of_a_killed_parent(path):
    """A copy of the parent's descriptor would keep the parent's lock."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", FORK, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        says(parent)  # the child, which opened files of its own
        says(parent)  # the parent, which now has the turn
        parent.kill()
        parent.wait(10)
        turn, has_it = WriteTurn(path, 10), threading.Event()
        waiting(turn, has_it).join(10)
        assert parent.stdin is not None
        parent.stdin.close()
    assert has_it.is_set()


def test_a_fork_takes_turns_with_its_parent(path):
    turn, has_it = WriteTurn(path, 10), threading.Event()
    with turn.taken():
        pass
    asked, asks = os.pipe()
    told, tells = os.pipe()
    if not (child := os.fork()):
        with turn.taken():
            os.write(tells, b"!")
            os.read(asked, 1)
        os._exit(0)
    assert os.read(told, 1) == b"!"
    thread = waiting(turn, has_it)
    assert not has_it.wait(0.2)
    os.write(asks, b"!")
    thread.join(10)
    assert has_it.is_set()
    assert os.waitpid(child, 0)[1] == 0
    for descriptor in (asked, asks, told, tells):
        os.close(descriptor)
