"""Only an error that leaves no doubt says that no worker can read a file."""

import pytest

from boz_server.domain.queue.tool_errors import is_input_unreadable

UNREADABLE = [
    "Error opening input: Invalid data found when processing input",
    "C:\\rips\\title_t00.mkv: Invalid data found when processing input",
    "[mov,mp4 @ 0x55] moov atom not found\n/rips/a.mp4: Invalid data found when processing input",
    "[matroska,webm @ 0x55] EBML header parsing failed\n"
    "hb_stream_open: open /rips/a.mkv failed\nscan: unrecognized file type",
    "HandBrake exited with code 2: scan: unrecognized file type",
]
OF_THE_MACHINE = [
    None,
    "",
    "HandBrake exited with code 1",
    "HandBrake exited with code 2",
    "The machine gave no reason.",
    "Input file not found: network drive gone",
    "/rips/a.mkv: No such file or directory",
    "Error opening input: Permission denied",
    "\\\\nas\\rips\\a.mkv: Input/output error",
    "av_interleaved_write_frame(): No space left on device",
    # HandBrake says so of a file that it could not open.
    "hb_stream_open: open /rips/a.mkv failed\nscan: unrecognized file type\nNo title found.",
    # One packet of many.
    "Error while decoding stream #0:1: Invalid data found when processing input\nKilled",
    "Error submitting packet to decoder: Invalid data found when processing input",
    # The drive went while it read.
    "/mnt/nas/a.mkv: Invalid data found when processing input\nConnection reset by peer",
    "nvenc: OpenEncodeSessionEx failed: out of memory (10)",
]


@pytest.mark.parametrize("error", UNREADABLE)
def test_it_knows_a_file_that_no_worker_can_read(error):
    assert is_input_unreadable(error)


@pytest.mark.parametrize("error", OF_THE_MACHINE)
def test_it_takes_anything_else_for_the_trouble_of_one_machine(error):
    assert not is_input_unreadable(error)
