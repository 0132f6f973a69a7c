"""What the words on a disc say about what is on it: extras, or episodes.

Words of the languages that discs are sold in, as publishers write them on discs and in menus.
"""

import re

# Real labels have 32 characters, names some more.
_MAX_TEXT_LENGTH = 1000
_SEPARATORS = re.compile(r"[\W_]+")

_BONUS_WORDS = (
    r"bonus(?: ?(?:dis[ck]|dvd|blu ?ray|features?|material|content))?",
    r"extras?(?: ?(?:dis[ck]|dvd|features?|material))",
    r"extra s",
    r"extras",
    r"extramaterial",
    r"(?:spec(?:ial)?|bonus|extra) ?feat(?:ures?)?",
    r"suppl?(?:ement(?:s|al|ary|ary features)?)?",
    r"appendices",
    r"behind the scenes",
    r"(?:the )?making of",
    r"bonusmaterial|zusatz(?:material|dvd|disc)?",
    r"compl[eé]ments?|suppl[eé]ments?",
    r"contenidos? (?:extras?|adicional(?:es)?)|material (?:extra|adicional)",
    r"contenuti (?:speciali|extra)",
    r"conte[uú]dos? (?:extras?|especiais)",
    r"dodatki",
)
# Behind a name: a show is called "Extras", films "Extra" or "Bonus".
_BONUS = re.compile(rf"(?<=[^ ] )(?:{'|'.join(_BONUS_WORDS)})(?: ?(?:d|dis[ck]|dvd)? ?[0-9]+)?\b")
_ONLY_BONUS = re.compile(
    r"(?:bonus|extras|special) (?:dis[ck]|dvd|features?)(?: [0-9]+)?|supplement(?:s|al)"
)
# Glued to the name: "FILMBONUSDISC2".
_GLUED_BONUS = re.compile(
    r"[^\W\d_]{3}(?:bonus(?:dis[ck]|dvd)?|extras(?:dis[ck])?|supp(?:lements?)?|spec(?:ial)?feat(?:ures?)?)"
    r"(?:d?[0-9]+)?(?: |\Z)"
)

_EPISODES_WORDS = (
    r"(?:complete|entire) (?:tv |television |animated |original |mini ?)*(?:series|season)",
    r"(?:tv|television|mini) ?series",
    r"complete (?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|final) season",
    r"episodes? [0-9]+|eps? ?[0-9]+(?: [0-9]+)?",
    r"(?:die )?(?:komplette|ganze) (?:serie|staffel)",
    r"l int[eé]grale de la (?:s[eé]rie|saison)|s[eé]rie (?:compl[eè]te|int[eé]grale)",
    r"(?:la )?serie complet[ao]|a s[eé]rie completa",
)
_EPISODES = re.compile(rf"(?:\A|(?<= ))(?:{'|'.join(_EPISODES_WORDS)})\b")


def says_bonus(*texts: str) -> bool:
    """Whether a label or a disc's name says that the disc has only extras."""
    return any(
        _BONUS.search(text) or _GLUED_BONUS.search(text) or _ONLY_BONUS.fullmatch(text)
        for text in map(_plain, texts)
    )


def says_episodes(*texts: str) -> bool:
    """Whether a label or a disc's name speaks of episodes or of a whole series."""
    return any(_EPISODES.search(text) for text in map(_plain, texts))


def _plain(text: str) -> str:
    """Return words in lower case with single spaces."""
    return _SEPARATORS.sub(" ", text[:_MAX_TEXT_LENGTH]).casefold().strip()
