"""The states of a job, and the diagram that shows them to people."""

import re
from pathlib import Path

import pytest

from boz_server.domain.queue.job_states import HELD, OPEN, OVER, JobStatus
from boz_server.services.queue.transitions import SOURCES, TRANSITIONS

DOCS = Path(__file__).parents[2] / "docs" / "job-states.md"


def drawn() -> list[tuple[str, str]]:
    """The arrows between states in the diagram of docs/job-states.md."""
    return re.findall(r"^ +(\w+) --> (\w+)", DOCS.read_text(), re.MULTILINE)


def test_it_is_drawn_step_by_step():
    table = {(str(one), str(other)) for one, others in TRANSITIONS.items() for other in others}
    assert set(drawn()) == table
    assert len(drawn()) == len(table)


def test_it_says_of_every_state_where_a_job_may_go():
    assert set(TRANSITIONS) == set(JobStatus)


def test_it_never_leaves_cancelled():
    assert TRANSITIONS[JobStatus.CANCELLED] == {}


def test_it_leaves_the_other_ends_only_to_be_queued_again():
    for state in OVER - {JobStatus.CANCELLED}:
        assert set(TRANSITIONS[state]) == {JobStatus.QUEUED}


@pytest.mark.parametrize("state", sorted(OPEN))
def test_it_lets_every_open_job_be_cancelled(state):
    assert JobStatus.CANCELLED in TRANSITIONS[state]


def test_it_begins_a_job_only_where_a_machine_was_given_it():
    assert SOURCES[JobStatus.RUNNING] == {JobStatus.ASSIGNED}
    assert SOURCES[JobStatus.ASSIGNED] == {JobStatus.QUEUED, JobStatus.RUNNING}
    assert SOURCES[JobStatus.COMPLETED] == HELD


def test_it_never_goes_back_to_a_persons_approval():
    assert SOURCES[JobStatus.PENDING] == frozenset()


def test_it_counts_each_state_as_open_or_as_over():
    assert set(JobStatus) == OPEN | OVER
    assert frozenset() == OPEN & OVER
    assert HELD < OPEN
