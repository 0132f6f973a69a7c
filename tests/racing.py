"""Two requests that are forced to run at the same moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse


@contextmanager
def meeting_behind(owner: Any, method: str) -> Iterator[None]:
    """Let two callers of a method wait for each other behind it, so that neither is ahead.

    Where only one gets in at a time, it goes on alone after a moment.
    """
    original = getattr(owner, method)
    barrier = threading.Barrier(2)

    def met(*args: Any, **kwargs: Any) -> Any:
        answer = original(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            barrier.wait(0.1)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, method, met)
        yield


def post(app: Flask, address: str, **body: Any) -> Callable[[], TestResponse]:
    """A POST to be made later, in a thread of its own."""
    return lambda: app.test_client().post(address, json=body or None)


def reported(app: Flask, job_id: str, status: str, **said: Any) -> Callable[[], TestResponse]:
    """An agent's report to be made later, in a thread of its own."""
    return lambda: app.test_client().report(job_id, status, **said)


def statuses(answers: list[TestResponse]) -> list[int]:
    """The status codes of answers, the good ones first."""
    return sorted(answer.status_code for answer in answers)
