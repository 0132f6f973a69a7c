"""Folds names to words for searches: without case, accents and punctuation.

Stored names and search terms go through the same code, so that both engines find the same.
"""

import re
import unicodedata
from itertools import groupby

MAX_WORD_LENGTH = 64
#: More of a name adds nothing, and an index of PostgreSQL takes only 2,700 bytes a row.
MAX_KEY_LENGTH = 100
# Sorting accents takes quadratic time in a hostile text.
_MAX_TEXT_LENGTH = 500
# Marks within a word: "Grey's" is "greys", "S.W.A.T." and "M*A*S*H" are "swat" and "mash".
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u02bc`"))
_DOTS = dict.fromkeys(map(ord, ".*"))
_ACRONYM = re.compile(r"\b(?:[^\W_][.*]){2,}[^\W_]?\b")
# Marks that belong to the letter before them, and invisible characters.
_UNSEEN = ("M", "Cf")


def words(text: str) -> list[str]:
    """Return the folded words of a text in order: runs of letters and digits of any script.

    Words are cut to 64 characters, and texts to 500.
    """
    folded = text[:_MAX_TEXT_LENGTH]
    for _ in range(2):  # what one pass takes apart may have a case of its own
        folded = unicodedata.normalize("NFKD", folded).casefold()
    folded = unicodedata.normalize("NFKD", folded)
    folded = _ACRONYM.sub(lambda found: found[0].translate(_DOTS), folded.translate(_APOSTROPHES))
    seen = [each for each in folded if not unicodedata.category(each).startswith(_UNSEEN)]
    return [
        "".join(run)[:MAX_WORD_LENGTH] for is_word, run in groupby(seen, str.isalnum) if is_word
    ]


def key(name: str) -> str:
    """Return a key that spellings of a name share; "" only for a blank name.

    A name without a letter or digit ("???") stands for itself.
    """
    folded = " ".join(words(name)) or "".join(name.casefold().split())
    return folded.encode(errors="ignore").decode()[:MAX_KEY_LENGTH].rstrip()
