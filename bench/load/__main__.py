"""Measures how fast the server is, with few jobs and with a million.

    make bench [QUICK=1] [BASELINE=FILE] [JSON=FILE] [DATABASE=postgresql://…]
    python -m bench.load [--quick] [--jobs N …] [--only WORKLOAD …] [--agents N] …

Starts a real server on loopback, with a history of jobs and 50 agents that hold 100 more, and
sends each kind of request over 16 connections as fast as answers come. Machines differ and are
noisy, so the ratio counts: each rate as a part of what a bare Flask view under the same gunicorn
reached just before, the median of several rounds. "growth" is the ratio with the fewest jobs,
divided by this one. "!" marks a missed target.

--agents N measures N agents instead, each with its own connection, that poll every 5 seconds and
send a heartbeat every 30. Their times count from when a request was due.

BASELINE names the JSON of an earlier run: the bench fails if a workload has lost more of its ratio
than a tenth (or --tolerance), and three quarters of its rounds are below three quarters of the
earlier ones. DATABASE must be empty, and is emptied afterwards.
"""

import argparse
import gc
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.load import commits, history, report, workloads
from bench.load.client import STATEMENTS, Connection, Result, closed_loop, open_loop
from bench.load.server import Server, running
from bench.load.workloads import WORKLOADS
from boz_server.database.connection import Database

HERE = Path(__file__).parent
CONNECTIONS = 16
#: Requests of each workload whose statements are counted.
COUNTED = 20
WARM_UP_SECONDS = 10.0
#: SQLite's setting for each kind of commits.
COMMITS = {"commits with full sync": "full", "commits with normal sync": "normal"}


def main() -> None:
    """Measure, and print the results."""
    options = read_options()
    gc.freeze()
    engine = (options.database or "sqlite").partition(":")[0]
    found = report.Report(engine)
    for jobs in options.jobs:
        with database(options) as (folder, url):
            began = time.monotonic()
            history.fill(folder, url, jobs, tell)
            fill_seconds = time.monotonic() - began
            if options.agents:
                found.fleet = measure_fleet(folder, url, options)
                tell("")
                print(f"{jobs:,} jobs, {report.fleet_line(found.fleet)}")
                continue
            size, held = measure(folder, url, jobs, options)
            size.fill_seconds = round(fill_seconds, 1)
            if engine == "sqlite" and jobs == options.jobs[0]:
                count_statements(folder, url, size, held)
        found.sizes.append(size)
        tell("")
        print(report.table(size, found.sizes[0]), end="\n\n")
    if options.json:
        found.save(options.json)
    if options.baseline:
        text, is_worse = report.compared(found, options.baseline, options.tolerance)
        print(text)
        sys.exit(is_worse)


def read_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="1,000 jobs only, shorter rounds")
    parser.add_argument("--jobs", type=int, nargs="+", help="sizes of the history")
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of each workload in a round")
    parser.add_argument("--holders", type=int, metavar="N", default=50, help="agents with jobs")
    parser.add_argument("--agents", type=int, metavar="N", help="measure N agents instead")
    parser.add_argument(
        "--fleet-seconds", type=float, default=60.0, help="how long to measure them"
    )
    parser.add_argument("--database", metavar="URL", help="an empty PostgreSQL database")
    parser.add_argument("--folder", type=Path, help="where to put temporary files")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="compare with these")
    parser.add_argument("--tolerance", type=float, default=report.TOLERANCE)
    options = parser.parse_args(arguments)
    only_few = options.quick or options.agents
    options.jobs = options.jobs or ([1000] if only_few else [1000, 100_000, 1_000_000])
    options.rounds = options.rounds or (4 if options.quick else 7)
    options.seconds = options.seconds or (0.6 if options.quick else 1.2)
    return options


def tell(progress: str) -> None:
    """Show on a terminal how far the bench is."""
    if sys.stderr.isatty():
        print(f"\r\033[K{progress}", end="", file=sys.stderr, flush=True)


@contextmanager
def database(options: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """Make a folder and an empty database for one measurement; gives its URL."""
    with TemporaryDirectory(prefix="boz-bench-", dir=options.folder) as name:
        folder = Path(name)
        if not options.database:
            yield folder, f"sqlite:///{folder}/boz.db"
            return
        server = Database(options.database)
        if server.tables():
            raise SystemExit("The database is not empty: name one that may be emptied.")
        server.close()
        try:
            yield folder, options.database
        finally:
            server.peewee.execute_sql("DROP SCHEMA public CASCADE")
            server.peewee.execute_sql("CREATE SCHEMA public")
            server.close()


def measure(
    folder: Path, url: str, jobs: int, options: argparse.Namespace
) -> tuple[report.SizeReport, list[str]]:
    """Measure all workloads in turns, each beside the bare view.

    Returns the jobs that the agents hold, too.
    """
    rows = {name: report.Row() for name in options.only}
    ceilings: dict[str, list[float]] = {name: [] for name in ("bare view", *COMMITS)}
    memory = []
    with running(folder, url) as ours, running(folder, url, HERE / "bare_gunicorn.py") as bare:
        tell(f"{jobs:,} jobs: agents")
        held = workloads.hold_jobs(ours, history.AGENTS[: options.holders])
        requests = {name: WORKLOADS[name].requests(held) for name in rows}
        for number in range(options.rounds + 1):
            for name, synchronous in COMMITS.items():
                ceilings[name].append(commits.rate(folder, synchronous, options.seconds / 3))
            for name, row in rows.items():
                tell(f"{jobs:,} jobs: round {number} of {options.rounds}, {name}")
                limit, result = side_by_side(ours, bare, requests[name], options.seconds)
                if not result.latencies:
                    raise SystemExit(f"{name} failed: {dict(result.errors)}")
                if number:  # the first round warms up
                    ceilings["bare view"].append(limit)
                    row.add(result, limit)
            memory.append(ours.memory_mib())
    size = report.SizeReport(
        jobs=jobs,
        start_seconds=round(ours.start_seconds, 3),
        warm_memory_mib=round(memory[0], 1),
        memory_mib=round(memory[-1], 1),
        ceilings={name: round(median(rates), 1) for name, rates in ceilings.items()},
        rows={name: row.summary() for name, row in rows.items()},
    )
    return size, held


def side_by_side(
    ours: Server, bare: Server, requests: Iterator[bytes], seconds: float
) -> tuple[float, Result]:
    """Measure the bare view, then our server; returns the bare view's rate, and our result."""
    limit = closed_loop(bare.address, workloads.bare(), seconds / 3, CONNECTIONS)
    return limit.rate, closed_loop(ours.address, requests, seconds, CONNECTIONS)


def count_statements(folder: Path, url: str, size: report.SizeReport, held: list[str]) -> None:
    """Note how many statements a request of each workload runs; on SQLite only."""
    tell("counting statements")
    with running(folder, url, HERE / "counting_gunicorn.py") as server:
        for name, row in size.rows.items():
            requests = WORKLOADS[name].requests(held)
            connection = Connection(server.address, 0)
            counts = []
            for _ in range(COUNTED):
                connection.send(next(requests))
                while not connection.receive():
                    pass
                counts.append(int(connection.header(STATEMENTS)))
            connection.close()
            row.statements = median(counts)


def measure_fleet(folder: Path, url: str, options: argparse.Namespace) -> report.FleetReport:
    """Let many agents poll and send heartbeats at their own pace."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with running(folder, url) as server:
        workloads.hold_jobs(server, history.AGENTS[: options.holders])
        others = [f"fleet-{number:05}" for number in range(options.agents - len(history.AGENTS))]
        for agent in others:
            tell(f"registering {agent}")
            workloads.register(server, agent)
        agents = [*history.AGENTS, *others][: options.agents]
        tell(f"{len(agents):,} agents at work")
        days = [workloads.agent_day(agent) for agent in agents]
        result = open_loop(server.address, days, options.fleet_seconds, WARM_UP_SECONDS)
    ordered = sorted(result.latencies)
    return report.FleetReport(
        agents=len(agents),
        seconds=result.seconds,
        rate=round(result.rate, 1),
        p50_ms=report.quantile_ms(ordered, 0.50),
        p95_ms=report.quantile_ms(ordered, 0.95),
        p99_ms=report.quantile_ms(ordered, 0.99),
        errors=dict(result.errors),
    )


if __name__ == "__main__":
    main()
