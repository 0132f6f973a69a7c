"""What the titles of a known disc are to be called: films, their cuts, and extras with names."""

import re

from boz_server.domain.discs.proposals import TitleProposal, extra_place, propose_title
from boz_server.domain.identification.candidates import SAME_NAME, same_name
from boz_server.domain.identification.known_titles import KnownTitles
from boz_server.domain.identification.label import NUMBER_WORDS
from boz_server.domain.identification.title_facts import TitleKind
from boz_server.domain.metadata.answers import ListedKind
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import HIGH

# What people leave in a title's name: a file's ending, a year, a resolution.
_FILE = re.compile(r"\.(?:mkv|mp4|m2ts|iso)\Z", re.IGNORECASE)
_ASIDE = re.compile(r"\[[^\]]*\]|\((?:19|20)[0-9]{2}\)")
_PART = re.compile(
    rf"(?:part|pt|disc|side)\.? ?([0-9]{{1,2}}|{'|'.join(NUMBER_WORDS)})", re.IGNORECASE
)
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
    contents: KnownTitles, name: str, year: int | None, edition: str | None, root: str
) -> dict[int, TitleProposal]:
    """Propose the film of a known disc, its part, its cuts, or several films.

    edition: what the label says, for a film of which the entry says none. root: the films' folder.
    """
    proposals: dict[int, TitleProposal] = {}
    taken: set[tuple[str, str]] = set()
    several = len(contents.features) > 1
    for index, title in contents.features.items():
        film, of_year = name, year
        added = _added(title.name or "", contents.known.disc.name)
        if added is None and several:
            film, of_year, added = naming.safe_component(title.name or name), None, ""
        if part := _part(added):
            added = None
        cut = added or (None if several else edition)
        folder = naming.movie_folder(root, film, of_year)
        filename = naming.movie_filename(film, of_year, edition=cut, part=part)
        if (folder, filename) in taken:
            cut = f"{cut or 'Version'} {index + 1}"
            filename = naming.movie_filename(film, of_year, edition=cut, part=part)
        taken.add((folder, filename))
        proposals[index] = propose_title(TitleKind.FEATURE, filename, folder, confidence=HIGH)
    return proposals


def known_part(contents: KnownTitles) -> int | None:
    """Return which part of a film a known disc has; None where its entry doesn't say that."""
    titles = list(contents.features.values())
    if len(titles) != 1:
        return None
    return _part(_added(titles[0].name or "", contents.known.disc.name))


def _part(added: str | None) -> int | None:
    """Return the number of a part from what a title's name adds to its film's."""
    match = _PART.fullmatch(added or "")
    return None if match is None else NUMBER_WORDS.get(match[1].casefold()) or int(match[1])


def _added(title: str, name: str) -> str | None:
    """Return what a title's name adds to its film's: "Ending A" of "Clue (Ending A)".

    "" if nothing, None if it is the name of another film.
    """
    if not title:
        return ""
    text = _ASIDE.sub(" ", _FILE.sub("", title)).strip()
    rest = text[len(name) :] if text.casefold().startswith(name.casefold()) else None
    if rest is not None and (not rest or not rest[0].isalnum()):
        return rest.strip(" ()-:,")
    if _CUT.search(text):
        return text
    return "" if same_name(text, name) >= SAME_NAME else None
