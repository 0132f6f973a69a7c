"""Whatever stands in an address, a query or a header: an answer or a problem, never a fault."""

import re

from tests.endpoints import assert_handled, assert_serves_on, endpoints
from tests.support import assert_problem

PARTS = (
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%FF",
    "..",
    "%2e%2e%2f",
    "%5c..%5c",
    "%0d%0aX-Evil:%201",
    "%27%3B%20DROP%20TABLE%20jobs%3B%20--",
    "%25s%25(a)s%7B0%7D",
    "%F0%9F%92%BF",
    "x" * 5000,
    "9" * 400,
    " ",
    ":s1",
    "a:s" + "9" * 400,
)
HEADERS = (
    "Host",
    "Accept",
    "Authorization",
    "Cookie",
    "X-Forwarded-Host",
    "Range",
    "Idempotency-Key",
)


def test_it_handles_any_id_in_any_address(app, client):
    for rule in app.url_map.iter_rules():
        if not rule.arguments:
            continue
        for part in PARTS:
            path = re.sub(r"<[^>]+>", lambda _, part=part: part, rule.rule)
            for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
                body = {} if method in ("POST", "PATCH", "PUT") else None
                assert_handled(client.open(path, method=method, json=body), part)
    assert_serves_on(app)


def test_it_handles_any_query(client):
    values = (*PARTS, "", "-1", "1e999", "nan", "0x10", "\u0663", "null", "a&limit=b&limit=c")
    for endpoint in endpoints(client):
        for name in (*endpoint.query, "unknown", "%00") if endpoint.query else ():
            for value in values:
                address = f"{endpoint.path}?{name}={value}"
                assert_handled(client.open(address, method=endpoint.method), address)


def test_it_says_which_value_of_a_query_has_a_nul(client):
    assert_problem(client.get("/api/jobs?status=a%00b"), 422, "NUL", field="status")


def test_it_handles_any_header(client):
    for _ in range(2):
        client.create_job()
    for name in HEADERS:
        for value in ("", "\xe4\xff", "a b", "<>", "x:99999", ";=,", "x" * 5000, "bytes=9-1"):
            headers = {name: value}
            for path in ("/", "/api/jobs?limit=1", "/dashboard"):
                assert_handled(client.get(path, headers=headers), headers)
            body = {"job_type": "organize"}
            assert_handled(client.post("/api/jobs", json=body, headers=headers), headers)
