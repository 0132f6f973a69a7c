"""The discs of the demo: facts only, told as an agent tells them."""

from boz_server.demo.catalogue import load_discs


def test_it_carries_eight_discs_with_facts_only():
    discs = load_discs()

    assert [disc.label for disc in discs] == [
        "FIREFLY_D1",
        "FIREFLY_D2",
        "THE_PRINCESS_BRIDE",
        "FIREFLY_D3",
        "FIREFLY_D4",
        "BAKUGAN_VOLUME1",
        "ARCANE S1 DISC 1 UHD",
        "2001_A_SPACE_ODYSSEY_DISC_1",
    ]
    for disc in discs:
        indices = [title.index for title in disc.titles]
        assert indices == sorted(set(indices))
        assert all(title.duration_seconds >= 0 for title in disc.titles)
        assert all(title.size_bytes >= 0 for title in disc.titles)


def test_it_reports_a_disc_as_an_agent_does():
    report = load_discs()[0].report("pc-1", "E:")

    assert {**report, "titles": report["titles"][:1]} == {
        "agent_id": "pc-1",
        "drive": "E:",
        "disc_name": "FIREFLY_D1",
        "disc_type": "DVD disc",
        "titles": [
            {
                "index": 0,
                "name": "Title 0",
                "duration_seconds": 5186,
                "size_bytes": 3971414016,
                "chapters": 21,
            }
        ],
    }


def test_it_leaves_out_short_titles():
    for disc in load_discs():
        reported = disc.report("pc-1", "E:")["titles"]
        assert reported
        assert all(title["duration_seconds"] >= 120 for title in reported)
