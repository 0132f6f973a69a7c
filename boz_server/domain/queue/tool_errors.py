"""What the texts of tools say about a failure.

Read when a report comes in; most rules of the queue see only what was found.
"""

import re

#: How ffmpeg and its libraries, which HandBrake reads files with, say that a file is no video, or a
#: broken one (AVERROR_INVALIDDATA in libavutil/error.h; matroskadec.c, mov.c).
_IS_NO_VIDEO = re.compile(
    r"invalid data found when processing input|moov atom not found|EBML header parsing failed"
    r"|invalid EBML",
    re.IGNORECASE,
)
#: ffmpeg says the same of single packets of a file that it reads to the end.
_IN_PASSING = re.compile(
    r"while decoding|to decoder|packet|bitstream|filter|muxing|output (?:file|stream)",
    re.IGNORECASE,
)
#: HandBrake's scan says so of a broken file, but of one that it could not open as well, and then
#: says that too (hb_stream_open in libhb/stream.c).
_UNRECOGNIZED = re.compile(r"unrecognized file type", re.IGNORECASE)
_NOT_OPENED = re.compile(r"\bopen\b.*\bfailed\b", re.IGNORECASE)
#: The machine's own trouble: the file may be fine.
_OF_THE_MACHINE = re.compile(
    r"(?<!moov atom )not found|no such file|cannot find|can't find|does(?: not|n't) exist"
    r"|permission denied|access (?:is )?denied|no space left|disk (?:is )?full"
    r"|input/output error|i/o error|network|connection|timed? ?out|out of memory"
    r"|cannot allocate",
    re.IGNORECASE,
)


def is_input_unreadable(error: str | None) -> bool:
    """Whether an error says that the file itself can't be read, by this worker or any other.

    Only where the text leaves no doubt: a file that is missing, or a share that is gone, is the
    trouble of one machine. An exit code alone says nothing.
    """
    if error is None or _OF_THE_MACHINE.search(error):
        return False
    lines = error.splitlines()
    if any(_IS_NO_VIDEO.search(line) and not _IN_PASSING.search(line) for line in lines):
        return True
    return bool(_UNRECOGNIZED.search(error)) and not _NOT_OPENED.search(error)
