"""Whatever is sent to whichever endpoint: an answer or a problem, and the server serves on."""

import json
import re
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.endpoints import JSON, Endpoint, assert_handled, assert_serves_on, endpoints
from tests.support import assert_problem

DEEP = "[" * 200 + "]" * 200
DEEPER = '{"a":' * 300 + "1" + "}" * 300
#: JSON texts, each put into each field of each endpoint in turn. The first lot is no JSON.
HOSTILE = {
    "NaN": "NaN",
    "infinity": "-Infinity",
    "lone surrogate": r'"\ud800"',
    "bottomless": "[" * 3000 + "]" * 3000,
    "NUL": r'"a\u0000b"',
    "only NUL": r'"\u0000"',
    "NUL within": r'{"a\u0000": ["\u0000"]}',
    "large": "1" + "0" * 30,
    "small": "-1" + "0" * 30,
    "beyond 64 bits": str(2**64),
    "64 bits": str(2**63 - 1),
    "beyond 32 bits": str(2**31),
    "negative": "-1",
    "fraction": "0.5",
    "huge fraction": "1.7e308",
    "digits": '"' + "9" * 5000 + '"',
    "not a number": '"nan"',
    "infinite": '"1e999"',
    "boolean": "true",
    "null": "null",
    "empty": '""',
    "blank": '" \\n"',
    "long": '"' + "x" * 100_000 + '"',
    "long of wide letters": '"' + "\U0001f4bf" * 20_000 + '"',
    "path": '"../../../etc/passwd"',
    "SQL": r'"\u0027; DROP TABLE jobs; -- %s %(a)s \" {0} ${x}"',
    "markup": '"<script>alert(1)</script>"',
    "turned": r'"\u202egnp.\u0301\ufeff\uffff"',
    "list": "[]",
    "object": "{}",
    "list of nulls": "[null, null]",
    "list of lists": "[[], [[]]]",
    "list of objects": '[{}, {"index": null}]',
    "many": "[" + "0," * 20_000 + "0]",
    "deep": DEEP,
    "deeper": DEEPER,
    "deep object": '{"x": ' * 252 + "1" + "}" * 252,
}
NO_JSON = ("NaN", "infinity", "lone surrogate", "bottomless")
#: Texts and numbers that one engine takes and the other does not; the rest is refused, or kept as
#: JSON, before there is a query.
OF_ENGINES = (
    *("NUL", "only NUL", "NUL within", "long", "long of wide letters", "SQL", "turned"),
    *("large", "small", "beyond 64 bits", "64 bits", "beyond 32 bits", "negative"),
    *("fraction", "huge fraction", "boolean"),
)


def sent_to(endpoint: Endpoint, text: str) -> Iterator[str]:
    """The endpoint's own body with one field after the other replaced by a JSON text."""
    for name in [*endpoint.body, "unknown"]:
        yield json.dumps(endpoint.body | {name: "@"}).replace('"@"', text)


def test_it_takes_the_bodies_that_the_rest_is_made_of(client):
    for endpoint in endpoints(client):
        if endpoint.reads_body:
            response = client.open(endpoint.path, method=endpoint.method, json=endpoint.body)
            assert response.status_code != 422, (endpoint, response.text)


def test_it_handles_any_value_in_any_field(app, client, request, database_url):
    every = database_url.startswith("sqlite") or request.config.getoption("--every-variant")
    for endpoint in endpoints(client):
        for kind in (HOSTILE if every else OF_ENGINES) if endpoint.reads_body else ():
            for body in sent_to(endpoint, HOSTILE[kind]):
                response = client.open(
                    endpoint.path, method=endpoint.method, data=body, content_type=JSON
                )
                assert_handled(response, body)
                if kind in NO_JSON:
                    assert response.status_code == 400, endpoint.path
        assert_serves_on(app)


def test_it_refuses_a_body_that_is_no_object(client):
    bodies = ("[]", '"x"', "5", "null", "true", "[{}]", "{", b"\xff", b"\0")
    for endpoint in endpoints(client):
        for body in bodies if endpoint.reads_body else ():
            response = client.open(
                endpoint.path, method=endpoint.method, data=body, content_type=JSON
            )
            assert_handled(response, body)
            assert response.status_code in (400, 422), endpoint.path


def test_it_handles_bodies_of_another_type(client):
    types = ("text/plain", "application/xml", "multipart/form-data", "a/b; charset=no-such", "")
    for endpoint in endpoints(client):
        for content_type in types:
            response = client.open(
                endpoint.path, method=endpoint.method, data=b"<x>\xff", content_type=content_type
            )
            assert_handled(response, content_type)


#: JSON of every shape, with letters that databases and files have trouble with.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["pc", "gpu", "D:", "movie", "tv_show", "rip", "transcode", "\0", "/../"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def test_it_handles_any_body(app, client):
    found = [endpoint for endpoint in endpoints(client) if endpoint.reads_body]

    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def send(data: st.DataObject) -> None:
        endpoint = data.draw(st.sampled_from(found))
        names = st.sampled_from([*endpoint.body, "unknown"])
        body = json.dumps(endpoint.body | data.draw(st.dictionaries(names, VALUES, max_size=4)))
        response = client.open(endpoint.path, method=endpoint.method, data=body, content_type=JSON)
        assert_handled(response, body)

    send()
    assert_serves_on(app)


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
