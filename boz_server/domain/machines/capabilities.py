"""What a machine can do, where it does not say."""

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


def filled_in(said: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a machine says, with the default where it says nothing, or what is of no use;
    what it says beyond the known keys is kept."""
    known = {
        key: said[key] if key in said and _is_of_use(said[key], default) else default
        for key, default in defaults.items()
    }
    return {**said, **known}


def _is_of_use(value: Any, default: Any) -> bool:
    """Whether a value is of the default's kind; a text has none by default."""
    if default is None:
        return value is None or isinstance(value, str)
    return type(value) is type(default) and 0 <= value < 2**31
