"""Messages are sent after their commit, once unless a sending fails, and never lost."""

import pytest

from tests.notifications.posting import enter, waiting
from tests.plans import noted, plan_of

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
