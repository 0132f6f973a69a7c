"""The header fields of the tus protocol, version 1.0.0 (tus.io/protocols/resumable-upload)."""

import base64
import binascii
import re

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "checksum", "expiration", "termination")
#: Algorithms that tus and hashlib call by the same name.
CHECKSUMS = ("sha1", "sha256", "md5")

_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")  # printable, without blank and comma


def parse_metadata(header: str) -> dict[str, str]:
    """Parse Upload-Metadata: keys with base64 values, separated by commas.

    Raises ValueError for a malformed header, a value that is not UTF-8, or a repeated key.
    """
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, encoded = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise ValueError(f"{key!r} is no key, or comes twice")
        found[key] = _decoded(encoded).decode()
    return found


def parse_checksum(header: str) -> tuple[str, bytes]:
    """Parse Upload-Checksum into algorithm and digest; raises ValueError."""
    algorithm, _, encoded = header.partition(" ")
    if algorithm not in CHECKSUMS:
        raise ValueError(f"{algorithm!r} is none of {', '.join(CHECKSUMS)}")
    return algorithm, _decoded(encoded)


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError("a value is no base64") from error
