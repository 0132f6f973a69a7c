"""The size of a job's result: reported or measured, and counted once, with the job's end."""

import pytest

from tests.client import Client, ok
from tests.remote import FILM, RAW, given_away, send, send_result, shared
from tests.statistics.work import GB, analytics, counted, transcoded
from tests.support import (
    assert_problem,
)

COMPARED = {
    "output_bytes": 2 * GB,
    "compared_runs": 1,
    "compared_bytes": 8 * GB,
    "saved_bytes": 6 * GB,
}


@pytest.fixture
def machine(client: Client) -> None:
    client.register_agent()
    client.register_worker()


def sums() -> dict[str, int]:
    """The sum of all rows of transcodes."""
    rows = [row for row in counted() if row["job_type"] == "transcode"]
    return {
        name: sum(row.get(name, 0) for row in rows)
        for name in ("runs", "input_bytes", "output_bytes", "compared_runs", "saved_bytes")
    }


@pytest.mark.usefixtures("machine")
class TestTold:
    """Sizes that machines report."""

    def test_it_takes_the_size_with_the_report(self, client, clock):
        job_id = transcoded(client, clock, output_file_size=2 * GB)
        assert client.job(job_id)["output_file_size"] == 2 * GB
        (row,) = counted()
        assert COMPARED.items() <= row.items()

    def test_it_takes_the_size_back_of_a_result_that_never_arrived(self, client, clock):
        job_id = transcoded(client, clock, output_file_size=2 * GB)
        ok(client.report(job_id, "completed", error="Upload failed: 507"))
        clock.advance(86400)
        ok(client.post(f"/api/jobs/{job_id}/retry"))
        assert sums() == {"runs": 1, "input_bytes": 8 * GB, "output_bytes": 0,
                          "compared_runs": 0, "saved_bytes": 0}  # fmt: skip
        storage = analytics(client, "storage")
        assert (storage["transcodes"], storage["saved_bytes"]) == (0, 0)

    def test_it_takes_the_size_from_a_worker(self, client):
        job_id = client.approved_job()
        body = {"job_id": job_id, "output_file_size": 2 * GB}
        ok(client.post("/api/workers/gpu/jobs/complete", json=body))
        assert client.job(job_id)["output_file_size"] == 2 * GB

    def test_it_adds_the_size_to_the_day_of_the_end(self, client, clock):
        job_id = transcoded(client, clock)
        clock.advance(24 * 3600)
        for size in (2 * GB, 3 * GB):  # the first report counts
            answer = ok(client.report(job_id, "completed", output_file_size=size))
            assert answer["output_file_size"] == 2 * GB
        run, result = counted()
        assert run["runs"] == 1
        assert result == COMPARED | {
            "day": "2026-01-24", "job_type": "transcode", "outcome": "completed",
            "worker_id": "gpu", "preset": "H.265 NVENC 1080p", "duration_bucket": -1,
        }  # fmt: skip

    @pytest.mark.parametrize("size", [0, 2**63 - 1])
    def test_it_adds_no_size_that_can_not_be(self, client, clock, size):
        job_id = transcoded(client, clock)
        ok(client.report(job_id, "completed", output_file_size=size))
        assert client.job(job_id)["output_file_size"] == size
        assert len(counted()) == 1

    @pytest.mark.parametrize("status", ["running", "failed", "cancelled"])
    def test_it_takes_no_size_of_a_result_that_there_is_not(self, client, status):
        job_id = client.approved_job()
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, status, output_file_size=5))
        assert client.job(job_id)["output_file_size"] is None

    def test_it_forgets_the_size_where_the_job_is_done_again(self, client, clock):
        job_id = transcoded(client, clock, output_file_size=2 * GB, error="Upload failed")
        ok(client.post(f"/api/jobs/{job_id}/retry"))
        assert client.job(job_id)["output_file_size"] is None

    @pytest.mark.parametrize("size", [-1, 2**63, 0.5, "many"])
    def test_it_refuses_what_is_no_size(self, client, size):
        job_id = client.approved_job()
        sent = client.report(job_id, "completed", output_file_size=size)
        assert_problem(sent, 422, field="output_file_size")
        body = {"job_id": job_id, "output_file_size": size}
        sent = client.post("/api/workers/gpu/jobs/complete", json=body)
        assert_problem(sent, 422, field="output_file_size")

    def test_it_knows_how_large_the_file_is_that_a_rip_wrote(self, client):
        body = {"job_type": "rip", "disc_id": None}
        rip_id = ok(client.post("/api/jobs", json=body))["job_id"]
        ok(client.post(f"/api/jobs/{rip_id}/assign?agent_id=pc"))
        ok(client.report(rip_id, "completed", output_file="/t.mkv", output_file_size=7 * GB))
        (transcode,) = ok(client.get("/api/jobs/awaiting-approval"))
        assert (transcode["source_job_id"], transcode["input_file_size"]) == (rip_id, 7 * GB)


class TestMeasured:
    """Sizes of files that arrive here."""

    def test_it_measures_a_result_that_comes_before_the_end(self, client):
        work = given_away(client)
        ok(send_result(client, work))
        assert client.job(work["job_id"])["output_file_size"] == len(FILM)
        assert sums()["output_bytes"] == 0  # it counts with the end
        body = {"job_id": work["job_id"], "lease_token": work["lease_token"]}
        ok(client.post("/api/workers/farm/jobs/complete", json=body | {"output_file_size": 5}))
        assert client.job(work["job_id"])["output_file_size"] == len(FILM)
        assert sums() == {
            "runs": 1, "input_bytes": len(RAW), "output_bytes": len(FILM), "compared_runs": 1,
            "saved_bytes": len(RAW) - len(FILM),
        }  # fmt: skip

    def test_it_measures_a_result_that_comes_after_the_end(self, client):
        work = given_away(client)
        body = {"job_id": work["job_id"], "lease_token": work["lease_token"]}
        ok(client.post("/api/workers/farm/jobs/complete", json=body))
        for _ in range(2):
            ok(send_result(client, work))
        assert client.job(work["job_id"])["output_file_size"] == len(FILM)
        assert sums()["runs"] == 1
        assert sums()["output_bytes"] == len(FILM)
        assert sums()["saved_bytes"] == len(RAW) - len(FILM)

    @pytest.mark.usefixtures("machine")
    def test_it_measures_what_agents_of_today_send(self, client):
        job_id = client.approved_job()
        ok(client.report(job_id, "completed"))
        answer = ok(send(client, FILM, "Firefly - S01E01"))
        ok(client.report(job_id, "completed", output_file=answer["final_path"]))
        assert client.job(job_id)["output_file_size"] == len(FILM)
        assert (sums()["runs"], sums()["output_bytes"]) == (1, len(FILM))

    @pytest.mark.usefixtures("machine")
    def test_it_knows_the_size_of_what_was_filed(self, app, client, settings):
        services = shared(app, settings)
        job_id = client.approved_job()
        ok(client.report(job_id, "completed"))
        answer = ok(send(client, FILM, "Firefly - S01E01"))
        # As an older server left it, which did not record sizes.
        services.context.stores.jobs.change(job_id, {"output_file_size": None})
        assert services.organizer.run() == 1
        organized = client.job(answer["organize_job_id"])
        assert (organized["status"], organized["output_file_size"]) == ("completed", len(FILM))
        assert client.job(job_id)["output_file_size"] == len(FILM)
        (row,) = [row for row in counted() if row["job_type"] == "organize"]
        assert (row["input_bytes"], row["output_bytes"]) == (len(FILM), len(FILM))
        assert "saved_bytes" not in row
