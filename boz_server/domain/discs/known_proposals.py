"""What the titles of a known disc are to be called: films, their cuts, and extras with names."""

import re

from boz_server.domain.discs.proposals import TitleProposal, extra_place, propose_title
from boz_server.domain.identification.candidates import SAME_NAME, same_name
from boz_server.domain.identification.known_titles import KnownTitles
from boz_server.domain.identification.title_facts import TitleKind
from boz_server.domain.metadata.answers import ListedKind
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import HIGH

# Words by which extras_folder tells these from others.
_FOLDER_WORDS = {ListedKind.TRAILER: " trailer", ListedKind.DELETED_SCENE: " deleted scene"}
_CUT = re.compile(
    r"\b(?:cut|version|edition|theatrical|extended|unrated|uncut|remastered|ending)\b",
    re.IGNORECASE,
)


def known_extras(contents: KnownTitles, name: str, folder: str) -> dict[int, TitleProposal]:
    """Propose the extras of a known disc, by their names. name: of the film or show."""
    proposals = {}
    for index, title in contents.extras.items():
        filename, path = extra_place(name, index + 1, folder, title.name or "")
        if title.kind in _FOLDER_WORDS:
            words = f"{title.name or ''}{_FOLDER_WORDS[ListedKind(title.kind)]}"
            path = naming.extras_folder(folder, words)
        proposals[index] = propose_title(TitleKind.EXTRA, filename, path, confidence=HIGH)
    return proposals


def known_features(
    contents: KnownTitles, name: str, year: int | None, root: str
) -> dict[int, TitleProposal]:
    """Propose the film of a known disc, or its cuts, or several films. root: the films' folder."""
    proposals: dict[int, TitleProposal] = {}
    taken: set[tuple[str, str]] = set()
    several = len(contents.features) > 1
    for index, title in contents.features.items():
        film, of_year, edition = name, year, None
        if several and title.name and same_name(title.name, name) < 1:
            edition = _edition(title.name, name)
            if edition is None:
                film, of_year = naming.safe_component(title.name), None
        folder = naming.movie_folder(root, film, of_year)
        filename = naming.movie_filename(film, of_year, edition=edition)
        if (folder, filename) in taken:
            filename = naming.movie_filename(film, of_year, edition=f"Version {index + 1}")
        taken.add((folder, filename))
        proposals[index] = propose_title(TitleKind.FEATURE, filename, folder, confidence=HIGH)
    return proposals


def _edition(title: str, name: str) -> str | None:
    """Return what a title's name adds to the film's: "Ending A" of "Clue (Ending A)"; None if it is
    the name of another film."""
    start, _, rest = title.casefold().partition(name.casefold())
    if not start.strip() and rest.strip():
        return title[-len(rest) :].strip(" ()[]-:,") or None
    if _CUT.search(title) or same_name(title, name) >= SAME_NAME:
        return title
    return None
