"""The HandBrake presets that a person can choose from."""

from dataclasses import dataclass
from enum import StrEnum


class Codec(StrEnum):
    """Video codec of the result."""

    HEVC = "hevc"
    H264 = "h264"
    AV1 = "av1"


class Encoder(StrEnum):
    """Hardware that a preset needs."""

    NVENC = "nvenc"
    QSV = "qsv"


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
