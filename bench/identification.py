"""Scores how well a folder of real discs is identified, and how honest the server's confidence is.

Reports every disc to a server with a temporary database that approves hands-free, set by set in the
order of the discs: as current agents do (no sizes, no segment maps) and with the optional fields,
each without metadata and with fake TheTVDB and OMDb servers on loopback; and with a fake TheDiscDb
that lists all discs, and one that lists all but the disc itself. Each set is judged by what the
other sets teach (see `domain/identification/signs.py`): no disc is judged by what was learnt from
it.

    python -m bench.identification DIR [--no-misses] [--write]

--write: store how often each sign was right in `domain/identification/counts.py`.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from flask.testing import FlaskClient

from bench.corpus import RealDisc, determined, films, listed, read, shows
from bench.scoring import Score, Tally, Verdict, judge, score
from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.database.models import ProviderAnswer
from boz_server.domain.identification import counts
from boz_server.services.discs import hands_free
from boz_server.services.discs.preview_generator import PreviewGenerator
from boz_server.settings import Settings
from boz_server.start import prepare
from tests.discdb_server import FakeDiscDb
from tests.provider_server import FakeProviders

OK = 200
LARGE_DISC_TITLES = 100
EPISODES = 6
ROUNDS = 20
TENTHS = 10
COUNTS_FILE = Path(counts.__file__)

Counts = Mapping[str, tuple[int, int]]


class Listed(StrEnum):
    """Which discs the disc database lists."""

    NONE = "no disc database"
    ALL = "a database of all discs"
    OTHERS = "a database of all other discs"


class Form(NamedTuple):
    """How discs are reported, and who can be asked about them."""

    full: bool
    metadata: bool
    listed: Listed = Listed.NONE

    def __str__(self) -> str:
        sent = "with the optional fields" if self.full else "as agents of today report"
        return f"{sent}, {'with' if self.metadata else 'without'} metadata, {self.listed}"


#: The forms in which signs are counted.
COUNTED = [Form(full, metadata) for full in (False, True) for metadata in (False, True)]
FORMS = [*COUNTED, Form(False, False, Listed.ALL), Form(False, False, Listed.OTHERS)]


@dataclass(frozen=True)
class Outcome:
    """What a server made of a disc when it came, and when its set was complete."""

    disc: RealDisc
    answer: Mapping[str, Any]
    final: Mapping[str, Any]

    @property
    def verdict(self) -> Verdict:
        """Which questions were answered right: as approved, else in the end."""
        return judge(self.disc, self.answer if self.is_approved else self.final)

    @property
    def is_approved(self) -> bool:
        """Whether its names were approved without a person."""
        return bool(self.answer["preview_status"] == "approved")

    def signs(self) -> Iterator[tuple[str, bool]]:
        """The signs by which it was judged, and whether each was right."""
        for question, said in self.final["identification"]["questions"].items():
            is_right = judge(self.disc, self.final).of(question)
            if said["sign"] is not None and is_right is not None:
                yield said["sign"], is_right


def run(discs: list[RealDisc], form: Form, taught: Mapping[str, Counts] | None) -> list[Outcome]:
    """Report every disc, and let the server approve what it is sure of.

    taught: what each set is judged by; None to approve nothing.
    """
    outcomes = []
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeProviders(shows(discs), films(discs)) as providers,
        FakeDiscDb() as database,
    ):
        asked = providers.settings() if form.metadata else {}
        asked |= {} if form.listed is Listed.NONE else database.settings()
        client = server(Path(folder), auto_approve_previews=taught is not None, **asked)
        for group, members in groupby(discs, key=lambda disc: disc.group):
            with learnt({} if taught is None else taught[group]):
                answers = []
                for disc in members:
                    lists = [each for each in discs if form.listed is Listed.ALL or each != disc]
                    database.discs = [listed(each) for each in lists]
                    ProviderAnswer.delete().execute()
                    body = disc.report("pc", f"drive {disc.disc_id}", full=form.full)
                    answers.append((disc, ok(client, "/api/discs/detected", body)))
                hands_free.approve_previews(client.application.extensions[EXTENSION].context)
                outcomes += [outcome(client, *each) for each in answers]
    return outcomes


def outcome(client: FlaskClient, disc: RealDisc, answer: Mapping[str, Any]) -> Outcome:
    """What a server made of a disc: as it was approved, and when its set was complete."""
    final = client.get(f"/api/discs/{answer['disc_id']}").get_json()
    was_late = final["preview_status"] != answer["preview_status"]
    return Outcome(disc, final if was_late else answer, final)


@contextmanager
def learnt(table: Counts) -> Iterator[None]:
    """Let the server judge by other counts for a while."""
    usual = dict(counts.COUNTS)
    counts.COUNTS.clear()
    counts.COUNTS.update(table)
    try:
        yield
    finally:
        counts.COUNTS.clear()
        counts.COUNTS.update(usual)


def count(outcomes: Iterable[Outcome], without: str | None = None) -> dict[str, tuple[int, int]]:
    """Count how often each sign was right; a disc counts once, whatever was sent of it.

    without: a set that is left out.
    """
    seen: dict[str, dict[str, bool]] = defaultdict(dict)
    for outcome in outcomes:
        if outcome.disc.group != without:
            for sign, is_right in outcome.signs():
                of_sign = seen[sign]
                of_sign[outcome.disc.disc_id] = is_right and of_sign.get(outcome.disc.disc_id, True)
    return {sign: (sum(found.values()), len(found)) for sign, found in sorted(seen.items())}


def server(folder: Path, **settings: Any) -> FlaskClient:
    """A server on a new database, with one agent."""
    (folder / "temp").mkdir()
    (folder / "output").mkdir()
    all_settings = Settings(
        database_url=f"sqlite:///{folder}/bench.db",
        temp_dir=folder / "temp",
        output_dir=folder / "output",
        **{"thediscdb_enabled": False} | settings,
    )
    prepare(all_settings)
    client = create_app(all_settings).test_client()
    ok(client, "/api/agents/register", {"agent_id": "pc", "name": "PC"})
    return client


def ok(client: FlaskClient, path: str, body: object) -> dict[str, Any]:
    """Send a request that must succeed."""
    response = client.post(path, json=body)
    if response.status_code != OK:
        sys.exit(f"{path} answered {response.status_code}: {response.text}")
    answer: dict[str, Any] = response.get_json()
    return answer


def preview_milliseconds() -> tuple[float, float]:
    """Median times for a disc with 100 titles: to identify and name it, and for the request."""
    with tempfile.TemporaryDirectory() as folder:
        client = server(Path(folder))
        inner: list[float] = []
        identified = PreviewGenerator.identified

        def timed(*args: Any) -> Any:
            began = time.perf_counter()
            try:
                return identified(*args)
            finally:
                inner.append(time.perf_counter() - began)

        PreviewGenerator.identified = timed  # type: ignore[method-assign]
        whole = []
        for turn in range(ROUNDS):
            began = time.perf_counter()
            ok(client, "/api/discs/detected", large_disc(turn))
            whole.append(time.perf_counter() - began)
        PreviewGenerator.identified = identified  # type: ignore[method-assign]
        return 1000 * median(inner), 1000 * median(whole)


def large_disc(turn: int) -> dict[str, Any]:
    """A report of six episodes and many extras."""
    lengths = [2500 + (place * 37 + turn) % 160 for place in range(EPISODES)]
    lengths += [120 + place * 7 for place in range(LARGE_DISC_TITLES - EPISODES)]
    return {
        "agent_id": "pc",
        "drive": f"drive {turn}",
        "disc_name": f"SHOW_{turn}_S01_D1",
        "titles": [
            {"index": index, "name": f"Title {index + 1}", "duration_seconds": seconds}
            for index, seconds in enumerate(lengths)
        ],
    }


def print_form(form: Form, discs: list[RealDisc], outcomes: list[Outcome], *, misses: bool) -> None:
    """Print what came of one way to report the discs."""
    print(f"\n{form}")
    result, certain = Score(), determined(discs)
    for outcome in outcomes:
        score(outcome.disc, outcome.final, result, determined=outcome.disc.group in certain)
    wrong, approved = Tally(), Tally()
    for outcome in outcomes:
        if approved.add(outcome.is_approved) and wrong.add(not outcome.verdict.is_right):
            result.misses.append(f"{outcome.disc.disc_id}: approved wrongly: {outcome.verdict}")
    rows = [*result.rows(), ("hands-free: approved", str(approved)), ("wrongly", str(wrong))]
    for name, value in rows:
        print(f"  {name:38}{value:>20}")
    print_reliability(outcomes)
    for miss in result.misses if misses else ():
        print(f"    {miss}")


def print_reliability(outcomes: list[Outcome]) -> None:
    """Print how often what was said with a confidence was so, by tenths."""
    tenths: dict[int, Tally] = defaultdict(Tally)
    for outcome in outcomes:
        said = outcome.answer["identification"]["confidence"]
        tenths[min(TENTHS - 1, int(said * TENTHS))].add(outcome.verdict.is_right)
    print("  said, and so")
    for tenth, tally in sorted(tenths.items()):
        print(f"    {tenth / TENTHS:.1f}–{(tenth + 1) / TENTHS:.1f}{tally!s:>48}")


def write(table: Counts) -> None:
    """Store how often each sign was right, for the server to judge by."""
    head = COUNTS_FILE.read_text().partition(" = {")[0]
    rows = "".join(f'    "{sign}": ({right}, {of}),\n' for sign, (right, of) in table.items())
    COUNTS_FILE.write_text(f"{head} = {{\n{rows}}}\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--misses", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    discs = read(options.folder)
    if not discs:
        sys.exit(f"{options.folder} contains no disc: name a folder with one JSON file per disc.")
    print(f"{len(discs)} discs of {len({disc.group for disc in discs})} sets")
    first = [each for form in COUNTED for each in run(discs, form, None)]
    table = count(first)
    print("\nhow often each sign was right")
    for sign, (right, of) in table.items():
        print(f"  {sign:38}{right:>12}/{of}")
    if options.write:
        write(table)
    taught = {disc.group: count(first, disc.group) for disc in discs}
    for form in FORMS:
        print_form(form, discs, run(discs, form, taught), misses=options.misses)
    preview, request = preview_milliseconds()
    print(f"\n{LARGE_DISC_TITLES} titles: preview {preview:.1f} ms, request {request:.1f} ms")


if __name__ == "__main__":
    main()
