"""The HandBrake presets that a person can choose from, and which the server chooses itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Codec(StrEnum):
    """Video codec of the result."""

    HEVC = "hevc"
    H264 = "h264"
    AV1 = "av1"


class Encoder(StrEnum):
    """Hardware that a preset needs."""

    NVENC = "nvenc"
    QSV = "qsv"


#: The capability that a codec needs beside its encoder; every encoder can do H.264.
_CODEC_CAPABILITIES = {Codec.HEVC: "hevc", Codec.AV1: "av1"}


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset as HandBrake knows it; `requires` is None when any processor will do."""

    name: str
    codec: Codec
    requires: Encoder | None = None

    @property
    def id(self) -> str:
        """What clients send back to choose it."""
        return self.name

    def runs_on(self, capabilities: Mapping[str, Any]) -> bool:
        """Whether a worker's hardware can do it."""
        if self.requires is None:
            return True
        codec = _CODEC_CAPABILITIES.get(self.codec, self.requires)
        return bool(capabilities.get(self.requires) and capabilities.get(codec))


PRESETS = (
    Preset("H.265 NVENC 1080p", Codec.HEVC, Encoder.NVENC),
    Preset("H.265 NVENC 4K", Codec.HEVC, Encoder.NVENC),
    Preset("H.264 NVENC 1080p", Codec.H264, Encoder.NVENC),
    Preset("H.264 NVENC 720p", Codec.H264, Encoder.NVENC),
    Preset("H.265 QSV 1080p", Codec.HEVC, Encoder.QSV),
    Preset("H.264 QSV 1080p", Codec.H264, Encoder.QSV),
    Preset("H.265 CPU 1080p", Codec.HEVC),
    Preset("H.264 CPU 1080p", Codec.H264),
    Preset("Fast 1080p30", Codec.H264),
)
_BY_NAME = {preset.name: preset for preset in PRESETS}

#: If nobody chose a preset, the server takes the first of these that the hardware can do. H.265
#: comes first because it is half the size of H.264 at the same quality.
_CHOSEN = ("H.265 NVENC 1080p", "H.265 QSV 1080p", "H.264 NVENC 1080p", "H.264 QSV 1080p")
#: The one preset that keeps a picture larger than 1080p.
_CHOSEN_UHD = ("H.265 NVENC 4K", *_CHOSEN)
_UHD = re.compile(r"\bUHD|ultra.?HD|\b4K|2160", re.IGNORECASE)


def preset_for(disc_type: str, capabilities: Mapping[str, Any], default: str) -> str:
    """Return the preset for a file from such a disc on such hardware; `default` where the hardware
    encodes nothing.

    disc_type: free text, as "DVD disc", "Blu-ray disc", "uhd"; "" where it is not known. Nothing
    but UHD makes a difference: a preset names the largest picture that it gives, and enlarges
    none, so a DVD stays as it is under one for 1080p.
    """
    names = _CHOSEN_UHD if _UHD.search(disc_type) else _CHOSEN
    return next((name for name in names if _BY_NAME[name].runs_on(capabilities)), default)
