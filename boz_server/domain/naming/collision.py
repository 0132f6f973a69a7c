"""What becomes of a file whose name another file has in the library."""

from enum import StrEnum


class CollisionPolicy(StrEnum):
    """What to do where a different file has the name; the same file again is never kept twice."""

    #: The new one gets a number: "Film (2001) (2).mkv".
    KEEP_BOTH = "keep_both"
    #: The new one stays where it is, in the output folder.
    SKIP = "skip"
    #: The old one moves to the library's trash folder.
    REPLACE = "replace"
