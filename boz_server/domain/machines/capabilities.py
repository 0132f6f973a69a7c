"""The default capabilities of machines."""

from collections.abc import Mapping
from typing import Any

AGENT_DEFAULTS: dict[str, Any] = {"can_rip": True, "can_transcode": False, "gpu_type": None}

WORKER_DEFAULTS: dict[str, Any] = {
    "nvenc": False,
    "nvenc_generation": 0,
    "qsv": False,
    "vaapi": False,
    "hevc": False,
    "av1": False,
    "cpu_threads": 4,
    "max_concurrent": 2,
    "vlc_installed": False,
    "vlc_path": None,
    "vlc_version": None,
}


def filled_in(reported: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Complete reported capabilities with defaults for missing or unusable values; unknown keys
    stay."""
    known = {
        key: reported[key] if key in reported and _is_usable(reported[key], default) else default
        for key, default in defaults.items()
    }
    return {**reported, **known}


def _is_usable(value: Any, default: Any) -> bool:
    """Whether a value has the default's type; a default of None stands for text."""
    if default is None:
        return value is None or isinstance(value, str)
    return type(value) is type(default) and 0 <= value < 2**31
