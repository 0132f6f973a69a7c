"""Discs that were not clear when they came are approved without a person once they are."""

from dataclasses import replace

import pytest

from boz_server.database.models import Title
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.services.discs import detection, review
from boz_server.services.discs.detection import ReportedDisc
from boz_server.services.discs.hands_free import approve_previews
from boz_server.services.wiring import Services, build_services
from tests import support


@pytest.fixture
def hands_free(services, clock) -> Services:
    """The services with hands-free approval."""
    settings = replace(services.context.settings, auto_approve_previews=True)
    changed = build_services(settings, services.context.database, clock)
    changed.agents.register("pc", "PC", {})
    return changed


def put_in(services: Services, label: str, drive: str) -> str:
    """A disc with three episodes; its id."""
    facts = [TitleFacts(index, f"Title {index}", 2580 + len(drive) + index) for index in range(3)]
    report = ReportedDisc("pc", drive, label, "DVD disc", facts)
    return str(support.put_in(services, report).disc_id)


def status_of(services: Services, disc_id: str) -> str:
    return detection.get(services.context, disc_id).preview_status


def test_it_approves_a_disc_whose_numbers_are_no_guess_any_more(hands_free):
    second = put_in(hands_free, "FIREFLY_S01_D2", "E:")
    assert approve_previews(hands_free.context) == 0
    assert status_of(hands_free, second) == PreviewStatus.PENDING
    first = put_in(hands_free, "FIREFLY_S01_D1", "/dev/sr0")
    assert status_of(hands_free, first) == PreviewStatus.APPROVED
    assert approve_previews(hands_free.context) == 1
    assert status_of(hands_free, second) == PreviewStatus.APPROVED
    assert approve_previews(hands_free.context) == 0


def test_it_leaves_discs_to_a_person_unless_told_otherwise(services, hands_free):
    disc_id = put_in(services, "FIREFLY_S01_D1", "D:")
    assert approve_previews(services.context) == 0
    assert status_of(services, disc_id) == PreviewStatus.PENDING


def test_it_leaves_what_a_person_refused(services, hands_free):
    disc_id = put_in(services, "FIREFLY_S01_D1", "D:")
    review.reject(services.context, disc_id)
    assert approve_previews(hands_free.context) == 0
    assert status_of(services, disc_id) == PreviewStatus.REJECTED


def test_it_leaves_what_has_left_its_drive(services, hands_free):
    disc_id = put_in(services, "FIREFLY_S01_D1", "D:")
    detection.ejected(services.context, "pc", "D:")
    assert approve_previews(hands_free.context) == 0
    assert status_of(services, disc_id) == PreviewStatus.PENDING


def test_it_goes_on_behind_a_disc_that_can_not_be_approved(services, hands_free):
    taken = put_in(services, "FIREFLY_S01_D1", "D:")
    review.approve(services.context, taken, {})
    clash = put_in(services, "FIREFLY_S01_D2", "E:")
    # As an older version left it.
    Title.update(episode_number=1).where(Title.disc == clash, Title.selected).execute()
    clear = put_in(services, "FIREFLY_S02_D1", "/dev/sr0")
    assert approve_previews(hands_free.context) == 1
    assert status_of(services, clash) == PreviewStatus.PENDING
    assert status_of(services, clear) == PreviewStatus.APPROVED
