"""A POST with an Idempotency-Key is carried out once, however often it comes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from boz_server.database.models import Disc, IdempotencyKey, Job
from boz_server.services.maintenance.idempotency import delete_old_keys
from tests.client import Client, ok, titles
from tests.support import (
    JPEG,
    assert_problem,
    at_once,
    unchanged,
)

JOB = {"job_type": "transcode", "input_file": "C:\\a.mkv", "requires_approval": True}
DISC = {"agent_id": "pc", "drive": "E:", "disc_name": "DUNE", "disc_type": "DVD disc"}
DAY = 24 * 3600


def send(client: Client, address: str, body: Any, key: str = "key-1") -> TestResponse:
    return client.post(address, json=body, headers={"Idempotency-Key": key})


@pytest.fixture
def ripped(client) -> str:
    """Where the titles of an approved disc are ordered."""
    client.register_agent()
    disc_id = client.detect().approve().id
    return f"/api/discs/{disc_id}/rip"


@pytest.fixture(params=["jobs", "detected", "rip"])
def order(request, ripped) -> tuple[str, dict[str, Any], type]:
    """Each endpoint that takes a key, with a body, and what it enters."""
    orders: dict[str, tuple[str, dict[str, Any], type]] = {
        "jobs": ("/api/jobs", JOB, Job),
        "detected": ("/api/discs/detected", DISC | {"titles": titles(120)}, Disc),
        "rip": (ripped, {"title_indices": [0]}, Job),
    }
    return orders[request.param]


def test_it_answers_the_same_request_with_the_first_answer(client, services, order):
    address, body, model = order
    before = model.select().count()
    first = send(client, address, body)
    ok(first)
    with unchanged(services):
        again = send(client, address, body)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.content_type == first.content_type
    assert model.select().count() == before + 1


def test_it_answers_with_the_first_answer_whatever_has_become_of_it(client, clock):
    client.register_worker()
    body = JOB | {"requires_approval": False}
    first = send(client, "/api/jobs", body)
    job_id = ok(first)["job_id"]
    ok(client.report(job_id, "running", progress=50))
    ok(client.report(job_id, "completed"))
    clock.advance(3600)
    assert send(client, "/api/jobs", body).data == first.data
    assert client.job(job_id)["status"] == "completed"
    assert len(ok(client.get("/api/jobs"))) == 1


def test_it_answers_the_first_rip_order_again_not_that_nothing_is_left(client, ripped):
    first = ok(send(client, ripped, None))
    assert first["jobs_created"] > 0
    assert ok(send(client, ripped, None)) == first
    assert ok(send(client, ripped, None, "key-2"))["jobs_created"] == 0


def test_it_refuses_a_key_that_stood_for_another_body(client, services, order):
    address, body, _ = order
    ok(send(client, address, body))
    with unchanged(services):
        answer = send(client, address, body | {"priority": 9})
    assert_problem(answer, 422, "new key", field="Idempotency-Key")


def test_it_knows_a_key_for_each_endpoint_apart(client, ripped):
    job = ok(send(client, "/api/jobs", JOB))
    disc = ok(send(client, "/api/discs/detected", DISC | {"titles": titles(120)}))
    client.approve(disc["disc_id"])
    other = f"/api/discs/{disc['disc_id']}/rip"
    orders = [ok(send(client, address, {})) for address in (ripped, other)]
    assert [order["jobs_created"] for order in orders] == [3, 1]
    assert ok(send(client, "/api/jobs", JOB)) == job
    assert IdempotencyKey.select().count() == 4


def test_it_remembers_nothing_without_a_key(client):
    ids = {ok(client.post("/api/jobs", json=JOB))["job_id"] for _ in range(2)}
    assert len(ids) == 2
    assert IdempotencyKey.select().count() == 0


def test_it_keeps_a_key_for_a_day(client, clock):
    first = ok(send(client, "/api/jobs", JOB))
    clock.advance(DAY)
    assert ok(send(client, "/api/jobs", JOB)) == first
    clock.advance(1)
    later = ok(send(client, "/api/jobs", JOB))
    assert later["job_id"] != first["job_id"]
    clock.advance(DAY)
    assert ok(send(client, "/api/jobs", JOB)) == later


def test_it_takes_another_body_once_a_key_is_free_again(client, clock):
    ok(send(client, "/api/jobs", JOB))
    clock.advance(DAY + 1)
    ok(send(client, "/api/jobs", JOB | {"input_file": "C:\\b.mkv"}))
    assert len(ok(client.get("/api/jobs"))) == 2


@pytest.mark.parametrize("key", ["", "two words", "k" * 256, "schlüssel", "tab\tbed"])
def test_it_refuses_a_key_that_is_none(client, services, key, order):
    address, body, _ = order
    with unchanged(services):
        answer = send(client, address, body, key)
    assert_problem(answer, 422, "printable", field="Idempotency-Key")


@pytest.mark.parametrize("key", ["k", "k" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "~!:/"])
def test_it_takes_a_key_of_any_printable_characters(client, key):
    first = ok(send(client, "/api/jobs", JOB, key))
    assert ok(send(client, "/api/jobs", JOB, key)) == first


def test_it_keeps_no_answer_that_was_an_error(client, ripped):
    for address, body, status in (
        ("/api/jobs", JOB | {"priority": "high"}, 422),
        ("/api/jobs", {"job_type": "rip", "disc_id": "none"}, 404),
        ("/api/discs/detected", DISC | {"titles": [], "agent_id": "den"}, 404),
        ("/api/discs/none/rip", {}, 404),
        (ripped, {"title_indices": [99]}, 422),
    ):
        assert send(client, address, body).status_code == status
    assert IdempotencyKey.select().count() == 0
    client.register_agent("den")
    ok(send(client, "/api/discs/detected", DISC | {"titles": [], "agent_id": "den"}))
    ok(send(client, ripped, {"title_indices": [0]}))


def test_it_carries_one_of_many_out_that_come_at_once(app, order):
    address, body, model = order
    before = model.select().count()
    calls: list[Callable[[], TestResponse]] = [
        lambda: send(app.test_client(), address, body) for _ in range(6)
    ]
    answers = at_once(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert model.select().count() == before + 1


@pytest.mark.parametrize("moment", ["before the key", "behind the key"])
def test_it_does_both_or_neither(client, services, order, moment, monkeypatch):
    address, body, model = order
    before = model.select().count()
    enter = services.context.stores.maintenance.enter_key
    reached = []

    def die(*args: Any) -> None:
        if moment == "behind the key":
            enter(*args)
        reached.append(model.select().count())
        raise RuntimeError("the process dies here")

    with unchanged(services), monkeypatch.context() as patch:
        patch.setattr(services.context.stores.maintenance, "enter_key", die)
        assert send(client, address, body).status_code == 500
    assert reached == [before + 1]
    ok(send(client, address, body))
    assert model.select().count() == before + 1


def test_it_keeps_the_thumbnails_of_the_first(client):
    body = JOB | {"thumbnails": [JPEG], "thumbnail_timestamps": [30]}
    for _ in range(2):
        (address,) = ok(send(client, "/api/jobs", body))["thumbnails"]
        assert client.get(address).content_type == "image/jpeg"


def test_it_forgets_old_keys_in_batches(client, services, clock):
    ok(send(client, "/api/jobs", JOB))
    row = IdempotencyKey.select().dicts().get()
    old = {"created_at": clock.now() - timedelta(days=1, seconds=1)}
    IdempotencyKey.insert_many([row | old | {"key": f"old-{n}"} for n in range(1201)]).execute()
    batches = []
    delete = services.context.stores.maintenance.delete_older_keys

    def noted(than: Any) -> int:
        batches.append(delete(than))
        return batches[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services.context.stores.maintenance, "delete_older_keys", noted)
        assert delete_old_keys(services.context) == 1201
    assert batches == [500, 500, 201, 0]
    assert [key.key for key in IdempotencyKey.select()] == ["key-1"]
    assert delete_old_keys(services.context) == 0
