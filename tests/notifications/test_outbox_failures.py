"""Messages that fail are sent again, at growing intervals, until they are a day old."""

import logging

import pytest

from boz_server.errors import RecipientUnavailable
from tests.notifications.posting import enter, waiting

MINUTE = 60


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


def test_it_asks_who_fails_once_a_tick_and_serves_the_others(outbox, post):
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
