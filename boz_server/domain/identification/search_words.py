"""Words of names as a search compares them: without case, accents and punctuation.

What is kept to be searched and what is searched for go through the same code, so that both
engines find the same.
"""

import re
import unicodedata
from itertools import groupby

MAX_WORD_LENGTH = 64
#: Of a name, more tells nothing; an index of PostgreSQL takes 2,700 bytes a row.
MAX_KEY_LENGTH = 100
# Sorting a text's accents takes time quadratic in the length of a hostile one.
_MAX_TEXT_LENGTH = 500
# What is within a word: "Grey's" is "greys", "S.W.A.T." and "M*A*S*H" are "swat" and "mash".
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u02bc`"))
_DOTS = dict.fromkeys(map(ord, ".*"))
_ACRONYM = re.compile(r"\b(?:[^\W_][.*]){2,}[^\W_]?\b")
# Marks that belong to the letter before them, and characters that show nothing.
_UNSEEN = ("M", "Cf")


def words(text: str) -> list[str]:
    """Return the words of a text, folded: runs of letters and digits of any script, in order.

    A word has 64 characters at most; of a text the first 500 count.
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
    """Return what two spellings of a name have in common; "" only for a blank one.

    A name without a letter or digit ("???") stands for itself.
    """
    folded = " ".join(words(name)) or "".join(name.casefold().split())
    return folded.encode(errors="ignore").decode()[:MAX_KEY_LENGTH].rstrip()
