"""Scores how well a folder of real discs' layouts is identified, and lists the misses.

Reports every disc to a server with a temporary database, set by set in the order of the discs: as
current agents do (no sizes, no segment maps) and with the optional fields, each without metadata
and with fake TheTVDB and OMDb servers on loopback. The score is for what the server proposes when a
set is complete.

    python -m bench.identification DIR [--no-misses]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from flask.testing import FlaskClient

from bench.corpus import RealDisc, determined, films, read, shows
from bench.scoring import Score, score
from boz_server import create_app
from boz_server.services.discs.preview_generator import PreviewGenerator
from boz_server.settings import Settings
from boz_server.start import prepare
from tests.provider_server import FakeProviders

OK = 200
LARGE_DISC_TITLES = 100
EPISODES = 6
ROUNDS = 20


def measure(discs: list[RealDisc], *, full: bool, metadata: bool) -> Score:
    """Report every disc, and score the final proposals."""
    with tempfile.TemporaryDirectory() as folder, FakeProviders(shows(discs), films(discs)) as fake:
        client = server(Path(folder), fake if metadata else None)
        answers = {}
        for place, disc in enumerate(discs):
            report = disc.report("pc", f"drive {place}", full=full)
            answers[disc.disc_id] = ok(client, "/api/discs/detected", report)["disc_id"]
        result, certain = Score(), determined(discs)
        for disc in discs:
            response = client.get(f"/api/discs/{answers[disc.disc_id]}")
            score(disc, response.get_json(), result, determined=disc.group in certain)
        return result


def server(folder: Path, providers: FakeProviders | None) -> FlaskClient:
    """A server on a new database, with one agent."""
    (folder / "temp").mkdir()
    (folder / "output").mkdir()
    settings = Settings(
        database_url=f"sqlite:///{folder}/bench.db",
        temp_dir=folder / "temp",
        output_dir=folder / "output",
        **(providers.settings() if providers else {}),
    )
    prepare(settings)
    client = create_app(settings).test_client()
    ok(client, "/api/agents/register", {"agent_id": "pc", "name": "PC"})
    return client


def ok(client: FlaskClient, path: str, body: object) -> dict[str, object]:
    """Send a request that must succeed."""
    response = client.post(path, json=body)
    if response.status_code != OK:
        sys.exit(f"{path} answered {response.status_code}: {response.text}")
    answer: dict[str, object] = response.get_json()
    return answer


def preview_milliseconds() -> tuple[float, float]:
    """Median times for a disc with 100 titles: to identify and name it, and for the request."""
    with tempfile.TemporaryDirectory() as folder:
        client = server(Path(folder), None)
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--misses", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    discs = read(options.folder)
    if not discs:
        sys.exit(f"{options.folder} contains no disc: name a folder with one JSON file per disc.")
    print(f"{len(discs)} discs of {len({disc.group for disc in discs})} sets")
    for full in (False, True):
        for metadata in (False, True):
            sent = "with the optional fields" if full else "as agents of today report"
            print(f"\n{sent}, {'with' if metadata else 'without'} metadata")
            result = measure(discs, full=full, metadata=metadata)
            for name, value in result.rows():
                print(f"  {name:38}{value:>20}")
            for miss in result.misses if options.misses else ():
                print(f"    {miss}")
    preview, request = preview_milliseconds()
    print(f"\n{LARGE_DISC_TITLES} titles: preview {preview:.1f} ms, request {request:.1f} ms")


if __name__ == "__main__":
    main()
