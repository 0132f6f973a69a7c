"""Discs of a season that come, or change, at the same moment."""

from collections.abc import Callable

import pytest

from boz_server.database.models import Disc
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.errors import Conflict
from boz_server.services.discs import review
from boz_server.services.discs.detection import ReportedDisc
from boz_server.services.seasons import tracker
from boz_server.services.wiring import Services
from tests.support import at_once, put_in


@pytest.fixture(autouse=True, params=range(5))
def one_of_several_rounds():
    """One round may go well by chance."""


def disc_in(
    services: Services, drive_of: str, number: int, *, labelled: bool = True
) -> Callable[[], list[int]]:
    """Reports a disc with three episodes of Firefly; gives their numbers.

    labelled: whether its label has the disc's number.
    """
    services.agents.register(drive_of, drive_of, {})
    facts = [TitleFacts(index, f"Title {index}", 2580 + 60 * number + index) for index in range(3)]
    label = f"FIREFLY_S01_D{number}" if labelled else "FIREFLY_S01"
    report = ReportedDisc(drive_of, "D:", label, "DVD disc", facts)

    def detected() -> list[int]:
        try:
            return numbers_of(put_in(services, report))
        finally:
            services.context.database.release()

    return detected


def approval(services: Services, disc_id: str) -> Callable[[], list[int]]:
    """Approves a disc; gives the numbers of its episodes, none when it is refused."""

    def approve() -> list[int]:
        try:
            return numbers_of(review.approve(services.context, disc_id, {}))
        except Conflict:
            return []
        finally:
            services.context.database.release()

    return approve


def rejection(services: Services, disc_id: str) -> Callable[[], list[int]]:
    """Rejects a disc; gives the numbers that its episodes had."""

    def reject() -> list[int]:
        try:
            return numbers_of(review.reject(services.context, disc_id))
        finally:
            services.context.database.release()

    return reject


def numbers_of(disc: Disc) -> list[int]:
    """The episode numbers of a disc."""
    return [title.episode_number for title in disc.titles]


def only_disc(services: Services) -> str:
    """The id of the one disc there is."""
    return str(Disc.get().disc_id)


def test_it_shares_no_number_among_discs_that_come_at_once(services):
    # At the same instant, too: whose turn it is may still change while more of them come.
    at_once(*(disc_in(services, f"pc{number}", number, labelled=False) for number in range(1, 5)))
    found = map(numbers_of, services.context.stores.seasons.discs("Firefly:s1"))
    assert sorted(number for each in found for number in each) == list(range(1, 13))
    assert tracker.get(services.context, "Firefly:s1").last_episode_assigned == 12


def test_it_numbers_discs_that_come_at_once_by_their_labels(services):
    at_once(*(disc_in(services, f"pc{number}", number) for number in range(1, 5)))
    discs = sorted(
        services.context.stores.seasons.discs("Firefly:s1"), key=lambda disc: disc.disc_name
    )
    assert [numbers_of(disc) for disc in discs] == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]
    assert [disc.identification["numbering"] for disc in discs] == [[]] * 4
    assert tracker.get(services.context, "Firefly:s1").last_episode_assigned == 12


def test_it_gives_copies_that_come_at_once_the_same_numbers(services):
    assert at_once(disc_in(services, "pc", 1), disc_in(services, "den", 1)) == [[1, 2, 3]] * 2


def test_it_loses_no_disc_that_comes_while_another_is_approved(services):
    disc_in(services, "pc", 1)()
    at_once(disc_in(services, "den", 2), approval(services, only_disc(services)))
    season = tracker.get(services.context, "Firefly:s1")
    assert (len(season.disc_ids), season.last_episode_assigned) == (2, 6)


def test_it_moves_a_disc_on_that_got_the_numbers_of_a_rejected_one(services):
    disc_in(services, "pc", 1)()
    disc_id = only_disc(services)
    review.reject(services.context, disc_id)
    assert disc_in(services, "den", 2, labelled=False)() == [1, 2, 3]
    assert approval(services, disc_id)() == [1, 2, 3]
    found = map(numbers_of, services.context.stores.seasons.discs("Firefly:s1"))
    assert sorted(found) == [[1, 2, 3], [4, 5, 6]]


def test_it_shares_no_rejected_number_with_a_disc_that_comes_just_now(services):
    disc_in(services, "pc", 1)()
    disc_id = only_disc(services)
    review.reject(services.context, disc_id)
    coming = disc_in(services, "den", 2, labelled=False)
    _, approved = at_once(coming, approval(services, disc_id))
    assert approved == [1, 2, 3]
    found = map(numbers_of, services.context.stores.seasons.discs("Firefly:s1"))
    assert sorted(found) == [[1, 2, 3], [4, 5, 6]]


def test_it_loses_no_disc_that_comes_while_another_is_rejected(services):
    disc_in(services, "pc", 1)()
    disc_id = only_disc(services)
    came, _ = at_once(disc_in(services, "den", 2), rejection(services, disc_id))
    season = tracker.get(services.context, "Firefly:s1")
    assert came in ([1, 2, 3], [4, 5, 6])
    assert season.last_episode_assigned == max(came)
    assert len(season.disc_ids) == 1
    assert disc_id not in season.disc_ids
