"""What holds of every endpoint: unknown ids, missing fields, wrong types, what is no JSON."""

import re
from urllib.parse import urlencode

import pytest

from tests.client import ok
from tests.endpoints import JSON, endpoints
from tests.support import assert_problem, unchanged

NOBODY = "nobody-here"
#: These answer an unknown id with what they have of it: nothing.
EMPTY = {
    "GET /api/thumbnails/{owner_id}",
    "DELETE /api/thumbnails/{owner_id}",
    "GET /api/vlc/commands/{agent_id}",
}
#: These refuse before they look: this server has no library and no Plex; tus knows no POST here.
NEEDS_MORE = {
    "POST /api/files/organize/{filename}",
    "POST /api/files/plex/scan/{media_type}",
    "POST /api/uploads/{upload_id}",
}
#: A field of old clients that is no longer read.
UNREAD = {("POST /api/workers/{worker_id}/update-priority", "status")}
TUS = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0",
       "Content-Type": "application/offset+octet-stream"}  # fmt: skip
#: Ids in bodies and queries that have to be known: what is sent beside the endpoint's own body.
NAMED = [
    ("POST /api/discs/detected", {"agent_id": NOBODY}, {}),
    ("POST /api/jobs", {"job_type": "rip", "disc_id": NOBODY}, {}),
    ("POST /api/jobs/{job_id}/approve", {"worker_id": NOBODY}, {}),
    ("POST /api/workers/{worker_id}/jobs/complete", {"job_id": NOBODY}, {}),
    ("POST /api/vlc/preview", {"agent_id": NOBODY}, {}),
    ("POST /api/jobs/{job_id}/assign", {}, {"agent_id": NOBODY}),
]

TITLE = {"index": 0, "duration_seconds": 60}


def title(**changes):
    """The titles of a disc, whose only one is changed."""
    return [TITLE | changes]


#: Values that an endpoint refuses, by the field that it names then.
WRONG = {
    "POST /api/jobs": {
        "job_type": ["burn"],
        "disc_id": [5],
        "title_index": [-1, 1.5, 2**31],
        "input_file": [["a"], "x" * 4097],
        "output_name": ["a\0b"],
        "preset": [True],
        "priority": ["high", None],
        "requires_approval": ["perhaps"],
        "input_file_size": [2**63, -1],
        "thumbnails": ["none"],
        "thumbnail_timestamps": [-1],
    },
    "PATCH /api/jobs/{job_id}": {
        "status": ["lost", "done", 5],
        "progress": ["half", True, "nan"],
        "error": [5],
        "output_file": [[], "a\0b", "x" * 4097],
    },
    "POST /api/jobs/{job_id}/approve": {
        "worker_id": ["", 5],
        "preset": ["", []],
        "output_name": [5, "x" * 256],
    },
    "POST /api/jobs/{job_id}/priority": {"priority": ["high", 1.5, True, 2**31, -(2**31)]},
    "POST /api/agents/register": {
        "agent_id": ["", 5, [], {}, "\0", "x" * 256],
        "name": [5, [], {}, "\0", "x" * 256],
        "capabilities": ["all", {"odd": ["a\0b"]}],
        "capabilities.can_rip": [{"can_rip": "perhaps"}],
        "capabilities.can_transcode": [{"can_transcode": None}],
        "capabilities.gpu_type": [{"gpu_type": 5}],
    },
    "POST /api/workers/register": {
        "worker_id": ["", "x" * 101],
        "worker_type": ["laptop"],
        "hostname": [5],
        "priority": [0, 100, "first"],
        "agent_id": [5, ""],
        "capabilities": [[], {"odd": {"a\0": 1}}],
        "capabilities.nvenc": [{"nvenc": 5}],
        "capabilities.max_concurrent": [{"max_concurrent": -1}],
        "capabilities.cpu_threads": [{"cpu_threads": None}],
    },
    "POST /api/workers/assign": {"disc_type": [5], "file_size_mb": [-1, "big"]},
    "POST /api/workers/{worker_id}/jobs/poll": {"max_jobs": [0, 101, "all", None]},
    "POST /api/workers/{worker_id}/jobs/complete": {
        "job_id": [""],
        "duration_seconds": [-1, "long"],
        "success": [None],
        "error": [5],
    },
    "POST /api/vlc/preview": {
        "agent_id": [""],
        "file_path": ["a\0b", "x" * 4097],
        "fullscreen": ["perhaps", None],
    },
    "POST /api/vlc/commands/{command_id}/complete": {"success": ["perhaps", None], "error": [5]},
    "POST /api/workers/{worker_id}/heartbeat": {"status": ["idle", None], "cpu_usage": ["half"]},
    "POST /api/workers/{worker_id}/update-priority": {"priority": ["high", 1.5]},
    "POST /api/discs/ejected": {"drive": ["", 4]},
    "POST /api/discs/detected": {
        "agent_id": [""],
        "drive": ["", 4],
        "disc_name": ["A\0B", "A" * 256],
        "disc_type": [["DVD"]],
        "titles": [None, {}, [TITLE, TITLE]],
        "titles.0": [[None]],
        "titles.0.index": [[{"duration_seconds": 60}], title(index=-1), title(index=2**31)],
        "titles.0.duration_seconds": [
            [{"index": 0}],
            *(title(duration_seconds=value) for value in (-1, 2.5, "43 minutes")),
        ],
        "titles.0.size_bytes": [title(size_bytes=2**63)],
        "titles.0.chapters": [title(chapters=-1)],
        "titles.0.name": [title(name="A\0B")],
    },
    "POST /api/discs/{disc_id}/preview/update-season": {
        "season_number": ["two", -1, 10_000],
        "starting_episode": [-1, 2**31, 1.5],
    },
    "POST /api/discs/{disc_id}/preview/approve": {
        "title_edits": ["all"],
        "title_edits.0": [[None]],
        "title_edits.0.index": [[{"selected": True}]],
        "title_edits.0.selected": [[{"index": 0, "selected": "perhaps"}]],
        "title_edits.0.is_extra": [[{"index": 0, "is_extra": 3}]],
        "title_edits.0.episode_number": [
            [{"index": 0, "episode_number": value}] for value in (-1, 2**31 - 1, 1.5)
        ],
        "title_edits.0.episode_title": [[{"index": 0, "episode_title": "A\0B"}]],
        "title_edits.0.proposed_filename": [[{"index": 0, "proposed_filename": "A" * 256}]],
        "title_edits.0.proposed_path": [[{"index": 0, "proposed_path": 7}]],
    },
    "POST /api/discs/{disc_id}/rip": {
        "title_indices": [0],
        "title_indices.0": [[-1], ["first"], [0.5], [None]],
    },
    "POST /api/discs/{disc_id}/preview/override-media-type": {
        "media_type": ["unknown", "radio"],
        "show_name": [24, "A\0B"],
        "season_number": [-1],
        "starting_episode": [-1],
        "movie_title": ["A" * 256],
        "movie_year": ["MMV"],
    },
}


@pytest.fixture
def every(client):
    """Every endpoint by its name."""
    return {endpoint.name: endpoint for endpoint in endpoints(client)}


@pytest.fixture
def send(client):
    """Sends a body to an endpoint, at its own address or another."""

    def sent(endpoint, body=None, path=None, **query):
        asked = urlencode(endpoint.needs_query | query)
        return client.open(
            f"{path or endpoint.path}?{asked}",
            method=endpoint.method,
            **({"json": endpoint.body | (body or {})} if endpoint.reads_body else {}),
            headers=TUS if endpoint.template.startswith("/api/uploads") else {},
        )

    return sent


@pytest.fixture
def refused(send, services):
    """Checks that what is sent to an endpoint is refused, and leaves everything as it was."""

    def check(status, endpoint, *, mentions="", field=None, **sent):
        with unchanged(services):
            assert_problem(send(endpoint, **sent), status, mentions, field)

    return check


def test_it_answers_404_for_every_id_that_it_does_not_know(every, refused):
    asked = 0
    for endpoint in every.values():
        for variable in endpoint.variables if endpoint.name not in EMPTY | NEEDS_MORE else ():
            path = endpoint.template.replace(f"{{{variable}}}", NOBODY)
            path = re.sub(r"{\w+}", "title_0_0.jpg", path)
            refused(404, endpoint, path=path, mentions="" if "thumbnails" in path else NOBODY)
            asked += 1
    assert asked > 30


@pytest.mark.parametrize("name", sorted(EMPTY))
def test_it_has_nothing_of_an_owner_that_it_does_not_know(every, services, send, name):
    with unchanged(services):
        ok(send(every[name], path=re.sub(r"{\w+}", NOBODY, every[name].template)))


@pytest.mark.parametrize(("name", "body", "query"), NAMED)
def test_it_answers_404_where_a_body_or_query_names_it(every, refused, name, body, query):
    refused(404, every[name], body=body, mentions=NOBODY, **query)


def test_it_refuses_a_body_without_a_field_that_it_needs(client, every, refused):
    asked = 0
    for endpoint in every.values():
        for field in endpoint.required:
            refused(422, endpoint, body={field: None}, mentions=field, field=field)
            rest = {name: value for name, value in endpoint.body.items() if name != field}
            client.refused(422, field, field=field).open(
                endpoint.path, method=endpoint.method, json=rest
            )
            asked += 1
    assert asked > 20


def test_it_refuses_a_value_of_another_type(every, refused):
    for endpoint in every.values():
        # Capabilities may be any object.
        for field in endpoint.body.keys() - {"capabilities"}:
            if (endpoint.name, field) not in UNREAD:
                refused(422, endpoint, body={field: {"x": [1]}}, mentions=field, field=field)


@pytest.mark.parametrize("name", WRONG)
def test_it_refuses_a_value_that_can_not_be(every, refused, name):
    for field, values in WRONG[name].items():
        for value in values:
            refused(422, every[name], body={field.partition(".")[0]: value}, field=field)


def test_it_refuses_what_is_no_json(client, every):
    for endpoint in every.values():
        for body, status in ((b"{", 400), (b"\xff", 400), (b"[]", 422)):
            if endpoint.reads_body:
                client.refused(status, "JSON" if status == 400 else "body").open(
                    endpoint.path, method=endpoint.method, data=body, content_type=JSON
                )


def test_it_asks_for_json_where_there_is_no_body(client, every, services):
    for endpoint in every.values():
        if endpoint.required:
            with unchanged(services):
                response = client.open(endpoint.path, method=endpoint.method)
                for field in endpoint.required:
                    assert_problem(response, 422, field=field)


def test_it_ignores_fields_that_it_does_not_know(every, send):
    for endpoint in every.values():
        if endpoint.reads_body:
            response = send(endpoint, {"from_a_later_version": 1})
            assert response.status_code != 422, endpoint.name
