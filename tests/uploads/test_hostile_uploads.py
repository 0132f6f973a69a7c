"""Uploads by those who send what makes no sense, on purpose or not."""

import os
from http.client import responses

import pytest

from boz_server.services.uploads.part_files import PART_PREFIX
from tests.client import ok
from tests.support import assert_problem
from tests.tus import BYTES, TUS, b64, begin, begun, metadata, offset, send

#: Numbers that no database keeps, that no float has, and that int() does not read.
HUGE = ["9" * 19, "9" * 20, "0" * 30 + "9" * 30, "0" * 20 + "9" * 4300, "9" * 5000]


@pytest.mark.parametrize(
    "value", ["", "-1", "1.5", "1e3", " ", "0x10", "\u0661", "²", "NaN", "1 000", "+1", *HUGE]
)
def test_it_refuses_lengths_and_offsets_that_are_none(client, value):
    latin = value.encode().decode("latin-1")
    response = begin(client, latin)
    assert response.status_code in (422, 507), response.text
    path = begun(client)
    response = send(client, path, b"x", latin)
    assert response.status_code in (422, 409), response.text
    assert offset(client, path) == 0


@pytest.mark.parametrize("size", HUGE)
def test_it_has_no_room_for_forms_of_any_size(client, size):
    response = client.post(
        "/api/files/upload",
        data=b"--b",
        content_type="multipart/form-data; boundary=b",
        environ_overrides={"CONTENT_LENGTH": size[:4000]},
    )
    assert response.status_code == 507, response.text


@pytest.mark.parametrize(
    "header",
    [
        "filename",
        "filename !!!",
        "filename YQ==,filename YQ==",
        "filename YQ==,,",
        f"filename {b64(bytes([255, 254]))}",
        f"filename {b64('a')},purpose {b64('nonsense')}",
        f"filename {b64('a')},sha256 {b64('abc')}",
        f"filename {b64('x' * 300)}",
        f"filename {b64('a' + chr(0))}",
        f"filename {b64('a')},job_id {b64('x' * 101)}",
        "fil\xe9name YQ==",
        "filename \xff",
        "name YQ==",
        " ",
    ],
)
def test_it_refuses_metadata_that_says_nothing(client, settings, header):
    assert_problem(begin(client, Upload_Metadata=header), 422, "Upload-Metadata")
    assert os.listdir(settings.output_dir) == []


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "..", ".", "...", ".hidden", "a/b\\c.mkv",
     f"{PART_PREFIX}x", "C:\\films\\a.mkv", "CON", "a\nb",
     "\u202egpj.exe", "é" * 255, "a" * 255, "\ud7ff", " "],
)  # fmt: skip
def test_it_keeps_a_file_of_any_name_in_its_folder(client, settings, name):
    path = begun(client, 1, Upload_Metadata=metadata(filename=name))
    assert send(client, path, b"x").status_code == 204
    (found,) = settings.output_dir.iterdir()
    assert found.read_bytes() == b"x"
    assert not found.name.startswith(".")
    assert not set(found.name) & set("/\\\n\u202e")
    assert [file["name"] for file in ok(client.get("/api/files"))["files"]] == [found.name]


@pytest.mark.parametrize(
    "upload_id", ["nobody", "..", "%2e%2e", "a" * 5000, "%00", "%ff", "%F0%9F%98%80", "' OR 1=1"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
def test_it_answers_404_for_an_unknown_upload(client, method, upload_id):
    headers = TUS | {"Upload-Offset": "0", "Content-Type": BYTES}
    response = client.open(f"/api/uploads/{upload_id}", method=method, headers=headers)
    assert response.status_code in (404, 405), responses[response.status_code]


@pytest.mark.parametrize(
    "disposition",
    [b'form-data; name="file"; filename="\xff\xfe.mkv"', b"", b"form-data; name=\xe9"],
)
def test_it_says_in_a_sentence_why_a_form_can_not_be_read(client, settings, disposition):
    body = b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\nx\r\n--b--\r\n"
    response = client.post(
        "/api/files/upload", data=body, content_type="multipart/form-data; boundary=b"
    )
    assert_problem(response, 422, "The form can't be read", field="file")
    assert "Error" not in response.get_json()["detail"]
    assert os.listdir(settings.output_dir) == []
