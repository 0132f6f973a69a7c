"""Collision policies: what to do with a file whose name is taken in the library."""

from enum import StrEnum


class CollisionPolicy(StrEnum):
    """What to do when a different file has the name; the same file is never stored twice."""

    #: The new file gets a number: "Film (2001) (2).mkv".
    KEEP_BOTH = "keep_both"
    #: The new file stays in the output folder.
    SKIP = "skip"
    #: The old file moves to the library's trash folder.
    REPLACE = "replace"
