"""What the bench found: as a table, as JSON, and compared with an earlier one."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles

from bench.load.client import Result
from bench.load.workloads import WORKLOADS

#: The p99 of a steady workload stays within so many times its p50.
MOST_TAIL = 8.0
#: A workload may cost so many times as much with more jobs as with the fewest.
MOST_GROWTH = 1.25
#: How much of its ratio a workload may lose against an earlier run. On a shared machine the same
#: code differs by more, so the middle halves of both runs' rounds must lie apart as well.
TOLERANCE = 0.10


@dataclass
class Row:
    """What was measured of one workload.

    ratios: of each round, its rate as a part of the bare view's. statements: a request runs, the
    median of some; None if they were not counted.
    """

    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    statements: float | None = None

    def add(self, result: Result, bare_rate: float) -> None:
        """Add a round."""
        self.rates.append(result.rate)
        self.ratios.append(result.rate / bare_rate)
        self.latencies += result.latencies
        self.errors += result.errors

    def summary(self) -> "Summary":
        """Return the medians of the rounds."""
        ordered = sorted(self.latencies)
        return Summary(
            rate=round(median(self.rates), 1),
            ratio=round(median(self.ratios), 4),
            ratios=[round(ratio, 4) for ratio in self.ratios],
            p50_ms=quantile_ms(ordered, 0.50),
            p95_ms=quantile_ms(ordered, 0.95),
            p99_ms=quantile_ms(ordered, 0.99),
            errors=dict(self.errors),
            statements=self.statements,
        )


@dataclass
class Summary:
    """A row of the table.

    rate: requests per second. ratio: of it to the bare view's; ratios: of each round.
    """

    rate: float
    ratio: float
    ratios: list[float]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: dict[str, int]
    statements: float | None = None


@dataclass
class SizeReport:
    """What was measured with a history of so many jobs.

    ceilings: the rates of the bare view and of SQLite's commits. warm_memory_mib, memory_mib: of
    the largest server process, after the first round and at the end.
    """

    jobs: int
    start_seconds: float
    warm_memory_mib: float
    memory_mib: float
    ceilings: dict[str, float]
    rows: dict[str, Summary]
    fill_seconds: float = 0.0


@dataclass
class FleetReport:
    """How long many agents waited for their answers."""

    agents: int
    seconds: float
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: dict[str, int]


@dataclass
class Report:
    """All of a run."""

    engine: str
    sizes: list[SizeReport] = field(default_factory=list)
    fleet: FleetReport | None = None

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def quantile_ms(ordered: list[float], part: float) -> float:
    """Return a quantile of sorted seconds, in milliseconds; NaN of nothing."""
    if not ordered:
        return float("nan")
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000, 3)


def table(size: SizeReport, fewest: SizeReport) -> str:
    """Return a table of one size. fewest: the same of the fewest jobs."""
    heads = ("req/s", "ratio", "wanted", "p50 ms", "p95 ms", "p99 ms", "p99/p50", "growth")
    lines = [
        f"{size.jobs:,} jobs: filled in {size.fill_seconds:.1f} s,"
        f" start to first answer {size.start_seconds:.2f} s,"
        f" {size.warm_memory_mib:.0f} MiB a process when warm, {size.memory_mib:.0f} at the end",
        "  ".join(f"{name} {rate:,.0f}/s" for name, rate in size.ceilings.items()),
        f"{'':10}" + "".join(f"{head:>9}" for head in heads) + "  statements  errors",
    ]
    for name, row in size.rows.items():
        workload = WORKLOADS[name]
        tail, growth = row.p99_ms / row.p50_ms, fewest.rows[name].ratio / row.ratio
        marks = (
            _mark(row.ratio < workload.wanted),
            _mark(workload.is_steady and tail > MOST_TAIL),
            _mark(growth > MOST_GROWTH),
        )
        statements = "–" if row.statements is None else f"{row.statements:g}"
        lines.append(
            f"{name:10}{row.rate:9.1f}{row.ratio:8.3f}{marks[0]}{workload.wanted:9.3f}"
            f"{row.p50_ms:9.2f}{row.p95_ms:9.2f}{row.p99_ms:9.2f}{tail:8.1f}{marks[1]}"
            f"{growth:8.2f}{marks[2]}{statements:>12}  {_told(row.errors)}"
        )
    return "\n".join(lines)


def fleet_line(fleet: FleetReport) -> str:
    """Return a line about many agents."""
    return (
        f"{fleet.agents:,} agents for {fleet.seconds:.0f} s: {fleet.rate:.0f} requests/s were due,"
        f" p50 {fleet.p50_ms:.1f} ms, p95 {fleet.p95_ms:.1f} ms, p99 {fleet.p99_ms:.1f} ms,"
        f" errors: {_told(fleet.errors)}"
    )


def compared(report: Report, baseline: Path, tolerance: float) -> tuple[str, bool]:
    """Compare the ratios with those of an earlier report.

    Returns a table, and whether any workload is worse: its ratio fell by more than the tolerance, a
    part of it, and most rounds are below most earlier ones.
    """
    earlier = json.loads(baseline.read_text())
    before = {size["jobs"]: size["rows"] for size in earlier["sizes"]}
    lines = [
        f"Ratios as a part of those in {baseline}, where below {1 - tolerance:.2f} may be worse:"
    ]
    is_any_worse = False
    for size in report.sizes:
        for name, row in size.rows.items():
            if (old := before.get(size.jobs, {}).get(name)) is None:
                continue
            change = row.ratio / old["ratio"]
            is_worse = change < 1 - tolerance and _lie_below(row.ratios, old["ratios"])
            is_any_worse |= is_worse
            lines.append(f"{size.jobs:>9,} {name:10}{change:6.2f}{_mark(is_worse)}")
    return "\n".join(lines), is_any_worse


def _lie_below(ratios: list[float], earlier: list[float]) -> bool:
    """Whether three quarters of the rounds are below three quarters of the earlier ones."""
    if min(len(ratios), len(earlier)) < 2:  # noqa: PLR2004
        return max(ratios) < min(earlier)
    return quantiles(ratios, n=4)[2] < quantiles(earlier, n=4)[0]


def _mark(is_missed: bool) -> str:
    return "!" if is_missed else " "


def _told(errors: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in errors.items()) or "none"
