"""The pages for people: their links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PAGES = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]


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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_it_links_only_to_pages_and_headings_that_exist(page):
    for file, anchor in links(page):
        assert file.exists(), f"{name_of(page)} links to {file}, which is missing"
        assert not anchor or anchor in anchors(file), f"{file} has no heading {anchor}"


def test_it_lists_every_page_in_the_readme():
    listed = {file for file, _ in links(PROJECT / "README.md")}
    pages = {page for page in PAGES if page.parent == PROJECT / "docs"}
    assert pages <= listed
