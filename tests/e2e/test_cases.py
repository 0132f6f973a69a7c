"""What happened to people who do this work, as small inputs: each ends as they need it.

A case in tests/cases has the `settings` of its server, `steps`, and what to `assert` of the answers
that its steps `save`, and of `tree`, the files in the library. A step is a request, a `sleep` in
seconds, `steps` to `repeat` a number of times every few seconds, or steps to take in `parallel`;
`nas` removes or makes the library's folders. `{name[key]}` stands for part of a saved answer.
"""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.gunicorn_server import GunicornServer

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*.json"))
#: How much faster `make test` goes through a case, and its server through the time.
TIMES = 10


class Case:
    """One case on a server of its own."""

    def __init__(self, path: Path, server: GunicornServer, times: float) -> None:
        self.case = json.loads(path.read_text())
        self.server, self.times = server, times
        self.nas = server.folder / "nas"
        self.saved: dict[str, Any] = {}

    def run(self) -> None:
        """Take the steps, and check all that the case asserts."""
        self.set_library("make")
        for name, value in self.case["settings"].items():
            self.server.environment[name] = value.format(nas=self.nas)
        self.server.start()
        self.take(self.case["steps"])
        found = {**self.saved, "tree": self.tree()}
        claims = self.case["assert"]
        wrong = [one for one in claims if not eval(one, {}, found)]  # noqa: S307 - our own files
        assert wrong == [], json.dumps(found, indent=1)

    def take(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            self.take_one(step)

    def take_one(self, step: dict[str, Any]) -> None:
        if "sleep" in step:
            time.sleep(step["sleep"] / self.times)
        elif "repeat" in step:
            for _ in range(step["repeat"]):
                self.take(step["steps"])
                time.sleep(step["every"] / self.times)
        elif "parallel" in step:
            with ThreadPoolExecutor(len(step["parallel"])) as pool:
                list(pool.map(self.take_one, step["parallel"]))
        elif "nas" in step:
            self.set_library(step["nas"])
        else:
            self.ask(**step)

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Any = None,
        file: dict[str, str] | None = None,
        save: str | None = None,
    ) -> None:
        answer = requests.request(
            method,
            self.server.url + self.filled(path),
            json=self.filled(json),
            data=self.filled(form),
            files=file and {"file": (file["filename"], file["text"])},
            timeout=30,
        )
        if save is not None:
            self.saved[save] = answer.json()

    def filled(self, given: Any) -> Any:
        """Put what was saved in the places of its names."""
        if isinstance(given, dict):
            return {key: self.filled(value) for key, value in given.items()}
        return given.format_map(self.saved) if isinstance(given, str) else given

    def set_library(self, what: str) -> None:
        if what == "remove":
            shutil.rmtree(self.nas)
        else:
            for name in ("Movies", "TV Shows"):
                (self.nas / name).mkdir(parents=True)

    def tree(self) -> list[str]:
        files = (path for path in self.nas.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.nas)) for path in files)


@pytest.mark.parametrize("times", [TIMES, pytest.param(1, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_it_ends_as_people_need_it(server, path, times):
    if times > 1:
        server.sped_up(times)
    Case(path, server, times).run()
