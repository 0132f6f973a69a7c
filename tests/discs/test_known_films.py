"""What the films of a known disc are called: cuts, parts, several films on one disc."""

import pytest

from boz_server.domain.discs.known_proposals import known_features
from boz_server.domain.identification.known_discs import KnownDisc
from boz_server.domain.identification.known_titles import KnownTitles
from boz_server.domain.identification.layout import analyse
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.metadata.answers import ListedDisc, ListedKind, ListedTitle

ROOT = "Movies"


def files(name: str, *titles: str | None, edition: str | None = None) -> list[str]:
    """The files of films with these names on a disc of the film `name`, of 1985."""
    listed = tuple(
        ListedTitle(index, 5400 + index, kind=ListedKind.MAIN_MOVIE, name=title)
        for index, title in enumerate(titles)
    )
    facts = [TitleFacts(each.index, f"Title {each.index + 1}", each.seconds) for each in listed]
    disc = ListedDisc(name, False, 1985, None, None, None, listed)
    contents = KnownTitles(KnownDisc(disc, dict(enumerate(listed))), analyse(facts))
    found = known_features(contents, name.replace(":", " -"), 1985, edition, ROOT)
    assert all(each.selected for each in found.values())
    return [f"{each.proposed_path}/{each.proposed_filename}" for each in found.values()]


@pytest.mark.parametrize(
    ("title", "file"),
    [
        ("Clue", "Clue (1985).mkv"),
        (None, "Clue (1985).mkv"),
        ("Clue (1985) [720p].mkv", "Clue (1985).mkv"),
        ("The Clue", "Clue (1985).mkv"),
        ("Clue (Widescreen)", "Clue (1985) {edition-Widescreen}.mkv"),
        ("Clue: The Final Cut", "Clue (1985) {edition-The Final Cut}.mkv"),
        ("Theatrical Cut", "Clue (1985) {edition-Theatrical Cut}.mkv"),
        ("Clue - Part One", "Clue (1985) - pt1.mkv"),
        ("Clue (Disc 2)", "Clue (1985) - pt2.mkv"),
        ("Something Else", "Clue (1985).mkv"),
    ],
)
def test_it_names_a_film_by_what_its_title_adds(title, file):
    assert files("Clue", title) == [f"Movies/Clue (1985)/{file}"]


def test_it_takes_the_labels_edition_where_the_entry_says_none():
    (file,) = files("Rings: The King", "Rings: The King - Part Two", edition="Extended")
    assert file.endswith("/Rings - The King (1985) {edition-Extended} - pt2.mkv")


def test_it_tells_cuts_apart():
    assert files("Clue", "Clue (Ending A)", "Clue (Ending B)", "Clue") == [
        "Movies/Clue (1985)/Clue (1985) {edition-Ending A}.mkv",
        "Movies/Clue (1985)/Clue (1985) {edition-Ending B}.mkv",
        "Movies/Clue (1985)/Clue (1985).mkv",
    ]


def test_it_gives_each_film_a_folder_of_its_own():
    assert files("A Close Shave", "A Close Shave", "The Wrong Trousers") == [
        "Movies/A Close Shave (1985)/A Close Shave (1985).mkv",
        "Movies/The Wrong Trousers/The Wrong Trousers.mkv",
    ]


def test_it_gives_no_two_titles_one_name():
    assert len(set(files("Clue", "Clue", "Clue", "Clue (Ending A)", "Clue - Ending A"))) == 4
