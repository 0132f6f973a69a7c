"""Finished files as agents upload them, and the folders where they end up."""

from pathlib import Path
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from tests.client import Client, ok

#: The beginning of a Matroska file.
FILM = b"\x1aE\xdf\xa3 a film"


def upload(client: Client, name: str, content: bytes = FILM, query: str = "") -> dict[str, Any]:
    """What the answer to an upload says, as agents of today send it."""
    body, content_type = encode_multipart_formdata({"file": ("rip.mkv", content), "name": name})
    address = f"/api/files/upload{query}"
    return dict(ok(client.post(address, data=body, content_type=content_type)))


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their path in it."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def transcoded(client: Client, label: str = "FIREFLY_S01_D1", **detected: Any) -> list[str]:
    """The transcode jobs of an approved disc, done and with no result yet; their ids."""
    client.register_agent()
    client.register_worker()
    disc_id = client.detect(label, **detected)["disc_id"]
    client.approve(disc_id)
    found = []
    for job_id in client.rip(disc_id):
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed", output_file=f"C:\\rips\\{job_id}.mkv"))
        job = client.create_job(input_file=f"C:\\rips\\{job_id}.mkv", output_name=None)
        body = {"worker_id": "gpu", "preset": "Fast 1080p30"}
        ok(client.post(f"/api/jobs/{job['job_id']}/approve", json=body))
        ok(client.report(job["job_id"], "completed"))
        found.append(job["job_id"])
    return found
