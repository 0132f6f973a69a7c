"""What happened to people who do this work, as small inputs: each ends as they need it.

A case in tests/cases has the `settings` of its server, `steps`, and what to `assert` of the answers
that its steps `save`, and of `tree`, the files in the library. A step is a request, a `sleep` in
seconds, `steps` to `repeat` a number of times every few seconds, or steps to take in `parallel`;
`nas` removes or makes the library's folders. `{name[key]}` stands for part of a saved answer.
`providers` are the shows, with the minutes of their episodes by season, and the films that TheTVDB,
OMDb and TMDb know; null: the server has no keys for them.
"""

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from boz_server.domain.metadata.answers import Episode, Series
from tests.e2e.gunicorn_server import GunicornServer
from tests.provider_server import FakeProviders, Movie, Show

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
        with self.providers() as settings:
            self.server.environment.update(settings)
            self.server.start()
            self.take(self.case["steps"])
        found = {**self.saved, "tree": self.tree()}
        claims = self.case["assert"]
        wrong = [one for one in claims if not eval(one, {}, found)]  # noqa: S307 - our own files
        assert wrong == [], json.dumps(found, indent=1)

    @contextmanager
    def providers(self) -> Iterator[dict[str, str]]:
        """Run the case's providers, if it has any; yields the environment that names them."""
        if not (known := self.case.get("providers")):
            yield {}
            return
        shows = [show(each) for each in known["series"]]
        films = [
            Movie(film["title"], film["year"], film["runtime"], film["imdb"], film["tmdb"])
            for film in known["films"]
        ]
        with FakeProviders(shows, films) as providers:
            yield {f"BOZ_{name.upper()}": value for name, value in providers.settings().items()}

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


def show(known: dict[str, Any]) -> Show:
    """A show as a case describes it."""
    series = Series(known["id"], known["name"], known["year"], tuple(known["aliases"]))
    episodes = [
        Episode(int(season), number, f"Part {number}", minutes, None)
        for season, lengths in known["seasons"].items()
        for number, minutes in enumerate(lengths, 1)
    ]
    return Show(series, episodes)


@pytest.mark.parametrize("times", [TIMES, pytest.param(1, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_it_ends_as_people_need_it(server, path, times):
    if times > 1:
        server.sped_up(times)
    Case(path, server, times).run()
