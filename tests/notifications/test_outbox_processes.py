"""Several processes send from one outbox, and any of them may be killed."""

import pytest

from boz_server.services.notifications.outbox import CLAIM, Outbox
from tests.notifications.posting import enter, waiting
from tests.support import at_once


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
