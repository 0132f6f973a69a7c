"""Which preset the server chooses where no person does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.machines.capabilities import WORKER_DEFAULTS
from boz_server.domain.queue.presets import PRESETS, preset_for

MINE = "My own"
NVENC, QSV, HEVC = {"nvenc": True}, {"qsv": True}, {"hevc": True}


@pytest.mark.parametrize("disc_type", ["DVD disc", "Blu-ray disc", "dvd", "bluray", "Unknown", ""])
@pytest.mark.parametrize(
    ("hardware", "preset"),
    [
        ({}, MINE),
        ({"vaapi": True, "hevc": True}, MINE),
        (HEVC, MINE),
        (NVENC | HEVC, "H.265 NVENC 1080p"),
        (QSV | HEVC, "H.265 QSV 1080p"),
        (NVENC | QSV | HEVC, "H.265 NVENC 1080p"),
        (NVENC, "H.264 NVENC 1080p"),
        (QSV, "H.264 QSV 1080p"),
        (NVENC | QSV, "H.264 NVENC 1080p"),
    ],
)
def test_it_chooses_by_the_hardware(disc_type, hardware, preset):
    assert preset_for(disc_type, WORKER_DEFAULTS | hardware, MINE) == preset


@pytest.mark.parametrize(
    "disc_type", ["UHD Blu-ray disc", "uhd", "4K", "4k_uhd", "Ultra HD", "UltraHD disc", "2160p"]
)
@pytest.mark.parametrize(
    ("hardware", "preset"),
    [
        ({}, MINE),
        (NVENC | HEVC, "H.265 NVENC 4K"),
        (NVENC | QSV | HEVC, "H.265 NVENC 4K"),
        (QSV | HEVC, "H.265 QSV 1080p"),
        (NVENC, "H.264 NVENC 1080p"),
    ],
)
def test_it_keeps_the_larger_picture_of_uhd_where_it_can(disc_type, hardware, preset):
    assert preset_for(disc_type, hardware, MINE) == preset


@given(
    st.text(max_size=30),
    st.dictionaries(st.sampled_from(["nvenc", "qsv", "vaapi", "hevc", "av1"]), st.booleans()),
)
def test_it_never_chooses_what_the_hardware_can_not_do(disc_type, capabilities):
    chosen = preset_for(disc_type, capabilities, MINE)
    known = {preset.name: preset for preset in PRESETS}
    assert chosen == MINE or known[chosen].runs_on(capabilities)
    # Which disc it is never decides whether the hardware is used at all.
    assert (chosen == MINE) == (preset_for("", capabilities, MINE) == MINE)
