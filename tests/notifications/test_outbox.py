"""Messages are sent after their commit, again when sending fails, and by one process at a time."""

import logging

import pytest

from boz_server.errors import RecipientUnavailable
from boz_server.services.notifications.outbox import CLAIM, Outbox
from tests.notifications.posting import enter, waiting
from tests.plans import noted, plan_of
from tests.support import at_once

MINUTE = 60


def test_it_sends_a_message_once(outbox, post):
    enter(outbox)
    assert (outbox.tick(), outbox.tick()) == (1, 0)
    assert post.sent == ["a"]
    assert waiting() == []


def test_it_sends_in_the_order_in_which_messages_are_due(outbox, post, clock):
    enter(outbox, "late", key="1", seconds=30)
    enter(outbox, "soon", key="2", seconds=10)
    clock.advance(9)
    assert outbox.tick() == 0
    clock.advance(60)
    assert outbox.tick() == 2
    assert post.sent == ["soon", "late"]


def test_it_enters_nothing_that_is_rolled_back(outbox):
    with outbox.context.database.peewee.atomic() as transaction:
        enter(outbox)
        transaction.rollback()
    assert waiting() == []


def test_it_sends_outside_of_any_transaction(outbox, post):
    enter(outbox)
    post.meanwhile = outbox.context.database.refuse_transaction
    assert outbox.tick() == 1
    with outbox.context.database.write():
        enter(outbox)
        with pytest.raises(RuntimeError):
            outbox.tick()


def test_it_takes_messages_without_a_key_for_different_ones(outbox, post):
    for _ in range(2):
        enter(outbox, key=None)
    assert outbox.tick() == 2


def test_it_takes_the_same_key_of_two_kinds_for_different_ones(outbox, post):
    enter(outbox, kind="post")
    enter(outbox, kind="other")
    assert outbox.tick() == 2


def test_it_puts_off_what_is_entered_again(outbox, post, clock):
    for text in ("first", "second", "third"):
        enter(outbox, text, seconds=10)
        clock.advance(9)
        assert outbox.tick() == 0
    clock.advance(1)
    assert outbox.tick() == 1
    assert post.sent == ["third"]


def test_it_puts_off_no_longer_than_a_minute(outbox, post, clock):
    for _ in range(7):
        assert post.sent == []
        enter(outbox, seconds=10)
        clock.advance(9)
        outbox.tick()
    assert post.sent == ["a"]


def test_it_begins_a_new_minute_once_it_has_sent(outbox, post, clock):
    enter(outbox, seconds=10)
    clock.advance(MINUTE)
    post.meanwhile = lambda: enter(outbox, seconds=10)
    assert outbox.tick() == 1
    post.work()
    clock.advance(9)
    enter(outbox, seconds=10)
    # It is not put off again: this is the second sending, which waits its own minute.
    clock.advance(1)
    assert outbox.tick() == 1


def test_it_keeps_to_a_delay_of_more_than_a_minute(outbox, post, clock):
    enter(outbox, seconds=300)
    clock.advance(299)
    assert outbox.tick() == 0
    clock.advance(1)
    assert outbox.tick() == 1


def test_it_sends_once_more_what_is_entered_while_it_is_sent(outbox, post, clock):
    enter(outbox, "before")
    post.meanwhile = lambda: enter(outbox, "after", seconds=2)
    assert outbox.tick() == 1
    post.work()
    assert outbox.tick() == 0
    clock.advance(2)
    assert outbox.tick() == 1
    assert post.sent == ["before", "after"]
    assert waiting() == []


# PostgreSQL plans by statistics, and uses no index on tables this small.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_by_index(services, outbox, post):
    with noted(services) as statements:
        enter(outbox)
        enter(outbox)
        outbox.tick()
        post.fail()
        enter(outbox)
        enter(outbox, kind="other")
        outbox.tick()
    assert len(statements) >= 4
    for sql, parameters in statements.items():
        for step in plan_of(services, sql, parameters):
            assert not step.startswith("SCAN") or step == "SCAN CONSTANT ROW", (sql, step)
            assert "TEMP B-TREE" not in step, (sql, step)


def test_it_loses_nothing_entered_while_sending_fails(outbox, post, clock):
    enter(outbox, "before")

    def fail() -> None:
        enter(outbox, "after", seconds=2)
        raise RecipientUnavailable("Post", "it sleeps")

    post.meanwhile = fail
    outbox.tick()
    post.work()
    clock.advance(2)
    outbox.tick()
    assert post.sent == ["before", "after"]


def test_it_waits_twice_as_long_after_each_failure(outbox, post, clock):
    enter(outbox)
    post.fail()
    waits = [30, 60, 120, 240, 480, 960, 1800, 1800]
    for number, wait in enumerate(waits, 1):
        assert outbox.tick() == 0
        assert len(post.sent) == number
        clock.advance(wait - 1)
        outbox.tick()
        assert len(post.sent) == number
        clock.advance(1)
    [message] = waiting()
    assert message.last_error == "Post did not do what it was asked: it sleeps."
    post.work()
    assert outbox.tick() == 1


def test_it_keeps_the_wait_of_what_failed_when_it_is_entered_again(outbox, post, clock):
    enter(outbox, "old")
    post.fail()
    outbox.tick()
    clock.advance(20)
    enter(outbox, "new")
    outbox.tick()
    assert post.sent == ["old"]
    clock.advance(10)
    post.work()
    outbox.tick()
    assert post.sent == ["old", "new"]


@pytest.mark.parametrize(("asked", "wait"), [(120, 120), (5, 30), (-5, 30), (1e300, 86_400)])
def test_it_waits_as_long_as_it_is_asked_to(outbox, post, clock, asked, wait):
    enter(outbox)
    post.fail(wait_seconds=asked)
    outbox.tick()
    clock.advance(wait - 1)
    outbox.tick()
    assert len(post.sent) == 1
    clock.advance(1)
    outbox.tick()
    assert len(post.sent) == 2


def test_it_asks_a_failing_recipient_once_a_tick_and_serves_the_others(outbox, post):
    for number in range(3):
        enter(outbox, "dead", "post", key=str(number))
    enter(outbox, "well", "other")

    def fail_one() -> None:
        if post.sent[-1] == "dead":
            raise RecipientUnavailable("Post", "it sleeps")

    post.meanwhile = fail_one
    assert outbox.tick() == 1
    assert post.sent == ["dead", "well"]
    assert outbox.tick() == 0
    assert post.sent == ["dead", "well", "dead"]


def test_it_gives_up_after_a_day(outbox, post, clock, caplog):
    enter(outbox)
    post.fail()
    for _ in range(60):
        outbox.tick()
        clock.advance(30 * MINUTE)
    assert waiting() == []
    given_up = [record for record in caplog.records if record.message == "Message given up"]
    assert [(record.levelno, record.__dict__["reason"]) for record in given_up] == [
        (logging.ERROR, "it sleeps")
    ]
    assert 24 * 2 <= len(post.sent) <= 24 * 2 + 6


def test_it_gives_no_message_up_untried(outbox, post, clock):
    enter(outbox)
    clock.advance(48 * 60 * MINUTE)
    assert outbox.tick() == 1


def test_it_begins_a_new_day_with_what_is_entered_again(outbox, post, clock):
    enter(outbox)
    post.fail()
    outbox.tick()
    clock.advance(23 * 60 * MINUTE)
    enter(outbox)
    clock.advance(2 * 60 * MINUTE)
    outbox.tick()
    assert len(waiting()) == 1


def test_it_goes_on_after_a_fault_of_its_own(outbox, post, caplog):
    enter(outbox)
    enter(outbox, kind="other")

    def fail_once() -> None:
        if len(post.sent) == 1:
            raise KeyError("a secret")

    post.meanwhile = fail_once
    assert outbox.tick() == 1
    [message] = waiting()
    assert "KeyError" in message.last_error
    assert "a secret" not in message.last_error
    assert any(record.exc_info for record in caplog.records)


def test_it_keeps_what_no_one_sends_any_more_for_a_day(outbox, clock):
    enter(outbox, kind="post")
    outbox.senders = {}
    assert outbox.tick() == 0
    [message] = waiting()
    assert "not enabled" in message.last_error


def test_it_sends_again_what_a_killed_process_was_sending(outbox_process, post, clock):
    """Nobody knows whether it was killed before or after sending, so the message is sent again."""
    first, second = outbox_process(), outbox_process()
    enter(first)

    def die() -> None:
        raise KeyboardInterrupt

    post.meanwhile = die
    with pytest.raises(KeyboardInterrupt):
        first.tick()
    post.work()
    assert second.tick() == 0
    clock.advance(CLAIM.total_seconds())
    assert second.tick() == 1
    assert waiting() == []


def test_it_leaves_what_one_process_sends_to_it(outbox_process, post):
    first, second = outbox_process(), outbox_process()
    enter(first)
    seen: list[int] = []
    post.meanwhile = lambda: seen.append(second.tick())
    assert first.tick() == 1
    assert seen == [0]
    assert post.sent == ["a"]


def test_it_does_not_drop_for_another_that_took_over(outbox_process, post, clock):
    """A sender that slept too long no longer owns its message."""
    first, second = outbox_process(), outbox_process()
    enter(first)

    def oversleep() -> None:
        clock.advance(CLAIM.total_seconds())
        post.fail()
        second.tick()

    post.meanwhile = oversleep
    first.tick()
    [message] = waiting()
    assert message.attempts == 2


@pytest.mark.parametrize("messages", [1, 20])
def test_it_sends_each_message_once_from_two_processes(outbox_process, post, messages):
    first, second = outbox_process(), outbox_process()
    for number in range(messages):
        enter(first, str(number), key=str(number))

    def tick(outbox: Outbox) -> int:
        try:
            return outbox.tick()
        finally:
            outbox.context.database.release()

    counts = at_once(lambda: tick(first), lambda: tick(second))
    counts.append(first.tick())
    assert sum(counts) == messages
    assert sorted(post.sent, key=int) == [str(number) for number in range(messages)]
