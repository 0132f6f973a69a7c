"""What a machine can do, where it does not say."""

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
