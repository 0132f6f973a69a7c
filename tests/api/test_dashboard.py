"""The page for people who open the server in a browser."""

import html
import re

from tests.client import Client, ok

SCRIPT = "<script>alert(\"1\")</script><img src=x onerror='alert(2)'>"


def page(client: Client) -> str:
    response = client.get("/dashboard")
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    return response.text


def test_it_says_so_when_there_is_nothing_yet(client):
    assert page(client).count("None yet") == 3


def test_it_shows_machines_discs_and_jobs(client):
    client.register_agent(name="Den PC")
    client.register_worker(hostname="GPU-BOX")
    disc_id = client.detect().approve().id
    client.rip(disc_id, title_indices=[0])
    client.create_job(output_name="Serenity")
    text = html.unescape(page(client))
    for shown in (
        "Den PC",
        "GPU-BOX",
        "FIREFLY_S01_D1",
        "TV Shows/Firefly/Season 01/Firefly - S01E01.mkv",
        "Serenity",
        "ripping",
        "2 jobs: 0 running, 1 awaiting",
    ):
        assert shown in text


def test_it_says_why_a_disc_is_taken_for_what_it_is(client):
    client.register_agent()
    client.detect("FIREFLY_S01_D2", (86, 43, 42.5, 43.5, 215))
    text = html.unescape(page(client))
    assert re.search("[0-9]+ % sure: The label names season 1.", text)
    assert "Disc 1 has not been seen" in text
    assert "Plays other titles one after another: 0, 1, 2, 3." in text


def test_it_escapes_whatever_comes_from_outside(client):
    client.register_agent("pc", name=SCRIPT)
    client.register_worker(hostname=SCRIPT)
    client.detect(label=SCRIPT, drive=SCRIPT)
    failed = client.create_job(output_name=SCRIPT, requires_approval=False)["job_id"]
    client.create_job(output_name=None, input_file=SCRIPT)
    ok(client.post(f"/api/jobs/{failed}/assign?agent_id=pc"))
    ok(client.patch(f"/api/jobs/{failed}", json={"status": "failed", "error": SCRIPT}))
    text = page(client)
    assert text.count(html.escape(SCRIPT).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")) > 4
    for part in ("<script", "<img", "onerror='"):
        assert part not in text


def test_it_shows_the_latest_of_many(client):
    for number in range(30):
        client.create_job(output_name=f"Film {number}")
    assert page(client).count("Film ") == 20
