"""Rules of the floor plan that import-linter's contracts in pyproject.toml can't say."""

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

PACKAGE = Path(__file__).parents[1] / "boz_server"
MOST_MODULES = 16

#: Which room of services/ owns which stores of `Context`.
OWNERS = {
    "jobs": "queue",
    "attempts": "queue",
    "fleet": "queue",
    "agents": "machines",
    "workers": "machines",
    "discs": "discs",
    "thumbnails": "discs",
    "seasons": "seasons",
    "provider_cache": "metadata",
    "uploads": "uploads",
    "archive": "collection",
    "collection": "collection",
    "outbox": "notifications",
    "statistics": "statistics",
    "maintenance": "maintenance",
    "retention": "maintenance",
}
#: Where a module uses another room's stores all the same: to read a row, or one column of it, where
#: that room's service would only pass the question on.
FOREIGN = {
    "discs/detection": {"agents", "archive"},
    "discs/ejection": {"jobs"},
    "discs/hands_free": {"jobs"},
    "discs/identify": {"seasons"},
    "discs/inheritance": {"jobs"},
    "discs/preview_generator": {"seasons"},
    "discs/rip_requests": {"jobs"},
    "library/organizer": {"attempts", "jobs"},
    "library/placement": {"discs"},
    "queue/enqueue": {"discs", "uploads"},
    "queue/failures": {"workers"},
    "queue/job_queue": {"discs"},
    "queue/remote_inputs": {"uploads"},
    "queue/reports": {"workers"},
    "seasons/tracker": {"discs"},
    "statistics/record": {"jobs"},
    "statistics/report": {"workers"},
    "uploads/complete": {"jobs"},
    "uploads/inputs": {"jobs"},
    "uploads/rights": {"jobs"},
}
#: Where the effects of a job's change meet: it updates machines, discs and statistics.
MEETING_PLACES = ("queue/transitions", "queue/repair")


def test_it_has_no_circle_of_modules() -> None:
    graph = grimp.build_graph("boz_server")
    modules = {
        name: graph.find_modules_directly_imported_by(name) - {name} for name in graph.modules
    }
    assert len(list(TopologicalSorter(modules).static_order())) > 100


def test_it_has_no_crowded_folder() -> None:
    modules = [path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    folders = Counter(path.parent for path in modules)
    assert len(modules) > 100
    assert {
        folder.name: number for folder, number in folders.items() if number > MOST_MODULES
    } == {}


def test_it_keeps_each_room_to_its_own_stores() -> None:
    found: dict[str, set[str]] = {}
    owned = set()
    for path in sorted((PACKAGE / "services").glob("*/*.py")):
        room = path.parent.name
        for store in _stores_of(path):
            owned.add(store)
            if OWNERS[store] != room and f"{room}/{path.stem}" not in MEETING_PLACES:
                found.setdefault(f"{room}/{path.stem}", set()).add(store)
    assert owned == set(OWNERS)
    assert found == FOREIGN


def _stores_of(path: Path) -> Iterator[str]:
    """Name the stores that a module reaches by `….stores.NAME`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Attribute | ast.Name)
            and getattr(node.value, "attr", getattr(node.value, "id", None)) == "stores"
        ):
            yield node.attr
