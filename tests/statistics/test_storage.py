"""How much smaller transcodes made their files."""

from tests.statistics.work import GB, add, analytics, transcoded
from tests.support import assert_problem

NOTHING = {
    "transcodes": 0,
    "input_bytes": 0,
    "output_bytes": 0,
    "saved_bytes": 0,
    "saved_percent": None,
}


def test_it_tells_what_was_saved(client, clock):
    client.register_agent()
    client.register_worker()
    transcoded(client, clock, seconds=60, output_file_size=2 * GB)
    late = transcoded(client, clock, seconds=60)
    transcoded(client, clock, seconds=60, end="failed")
    saved = {
        "transcodes": 1,
        "input_bytes": 8 * GB,
        "output_bytes": 2 * GB,
        "saved_bytes": 6 * GB,
        "saved_percent": 75.0,
    }
    assert analytics(client, "storage") == {
        "from": None,
        "to": None,
        **saved,
        "presets": [{"preset": "H.265 NVENC 1080p"} | saved],
    }
    body = {"status": "completed", "output_file_size": 4 * GB}
    assert client.patch(f"/api/jobs/{late}", json=body).status_code == 200
    assert analytics(client, "storage")["saved_bytes"] == 10 * GB


def test_it_tells_of_nothing(client):
    assert analytics(client, "storage") == {"from": None, "to": None, **NOTHING, "presets": []}


def test_it_tells_of_each_preset(client, services):
    add(services, "2016-01-01", preset="Slow", output_bytes=GB)
    add(services, "2026-01-01", preset=None, output_bytes=9 * GB)
    add(services, "2026-01-02", preset="Unknown", output_bytes=None)
    found = analytics(client, "storage")
    assert [(each["preset"], each["saved_bytes"]) for each in found["presets"]] == [
        (None, -GB),
        ("Slow", 7 * GB),
    ]
    assert (found["saved_bytes"], found["saved_percent"]) == (6 * GB, 37.5)


def test_it_tells_of_a_span_of_any_length(client, services):
    for day in ("2001-01-01", "2026-01-01", "2026-01-02"):
        add(services, day)
    assert analytics(client, "storage")["transcodes"] == 3
    assert analytics(client, "storage", start="2001-01-02")["transcodes"] == 2
    assert analytics(client, "storage", end="2026-01-01")["transcodes"] == 2
    assert analytics(client, "storage", start="2001-01-01", end="2026-01-01")["transcodes"] == 2


def test_it_refuses_what_is_no_span(client):
    query = "from=2026-01-02&to=2026-01-01"
    assert_problem(client.get(f"/api/analytics/storage?{query}"), 422, "later than 'to'", "from")
    assert_problem(client.get("/api/analytics/storage?from=x"), 422, "Not a day", "from")
