"""The pages for people: their links lead somewhere, and the code they name is on disk."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PAGES = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
PACKAGE = PROJECT / "boz_server"


def name_of(page: Path) -> str:
    """A page's path in the project, as the tests' ids."""
    return str(page.relative_to(PROJECT))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The links of a page to files of the project: file and anchor, "" for none."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not re.match(r"https?:", target):
            file, _, anchor = target.partition("#")
            yield (page.parent / file if file else page).resolve(), anchor


def drawn_tree() -> list[str]:
    """The folders (ending in /) and modules of the tree in docs/architecture.md."""
    text = (PROJECT / "docs" / "architecture.md").read_text()
    tree = re.search(r"```text\n(boz_server/.*?)```", text, re.DOTALL)
    assert tree
    parents: list[str] = []
    found = []
    for line in tree[1].splitlines():
        entry = re.match(r"( *)(\S+)", line)
        assert entry, line
        depth = len(entry[1]) // 2
        found.append("".join(parents[:depth]) + entry[2])
        parents[depth:] = [entry[2]]
    return found


def tree_on_disk() -> set[str]:
    """The folders (ending in /) and modules of the package; of the __init__.py only the first."""
    modules = [file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"]
    folders = {
        parent
        for file in PACKAGE.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
        for parent in file.parents
        if parent.is_relative_to(PACKAGE)
    }
    return {
        "boz_server/__init__.py",
        *(name_of(module) for module in modules),
        *(f"{name_of(folder)}/" for folder in folders),
    }


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_it_links_only_to_pages_and_headings_that_exist(page):
    for file, anchor in links(page):
        assert file.exists(), f"{name_of(page)} links to {file}, which is missing"
        assert not anchor or anchor in anchors(file), f"{file} has no heading {anchor}"


def test_it_lists_every_page_in_the_readme():
    listed = {file for file, _ in links(PROJECT / "README.md")}
    pages = {page for page in PAGES if page.parent == PROJECT / "docs"}
    assert pages <= listed


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_it_names_only_modules_and_functions_that_exist(page):
    """`services/queue/reports.py`, or `services/queue/reports.py: take`."""
    for name, member in re.findall(r"`((?:\w+/)+\w+\.py)(?:: (\w+))?`", page.read_text()):
        if "NNN" in name:
            continue
        file = PACKAGE / name if (PACKAGE / name).is_file() else PROJECT / name
        assert file.is_file(), f"{name} is missing"
        defined = re.search(rf"^ *(?:def|class) {member}\b", file.read_text(), re.MULTILINE)
        assert not member or defined, f"{name} has no {member}"


def test_it_draws_every_folder_and_module_of_the_code():
    drawn = drawn_tree()
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == tree_on_disk()


def test_it_runs_only_tests_that_exist_in_the_makefile():
    patterns = re.findall(r"tests/\S+\.py", (PROJECT / "Makefile").read_text())
    assert patterns
    for pattern in patterns:
        assert list(PROJECT.glob(pattern)), f"no test matches {pattern}"
