"""Discs that have a bearing on one another stay together."""

from boz_server.domain.identification.kinship import Kin, Likeness, families, may_go, ties


def kin(disc_id: str, fingerprint: str, key: str = "", show: str | None = None) -> Kin:
    return Kin(disc_id, ties(fingerprint, key, show), is_spare=True)


def ids(*discs: Kin) -> list[set[str]]:
    return [{disc.disc_id for disc in family} for family in families(discs)]


def test_it_parts_discs_that_have_nothing_in_common() -> None:
    assert ids(kin("a", "1"), kin("b", "2", "alien"), kin("c", "3", show="Firefly")) == [
        {"a"}, {"b"}, {"c"}
    ]  # fmt: skip


def test_it_joins_by_the_disc_the_label_and_the_show() -> None:
    assert ids(kin("a", "1"), kin("b", "1")) == [{"a", "b"}]
    assert ids(kin("a", "1", "alien"), kin("b", "2", "alien")) == [{"a", "b"}]
    assert ids(kin("a", "1", show="Firefly"), kin("b", "2", show="Firefly")) == [{"a", "b"}]


def test_it_takes_a_label_of_one_kind_for_no_name_of_another() -> None:
    assert ids(kin("a", "x"), kin("b", "1", "x"), kin("c", "2", show="x")) == [{"a"}, {"b"}, {"c"}]


def test_it_joins_over_others_in_whatever_order() -> None:
    discs = [kin("a", "1", "one"), kin("b", "2", "two"), kin("c", "2", "one"), kin("d", "9")]
    assert ids(*discs) == [{"a", "b", "c"}, {"d"}]
    assert sorted(map(sorted, ids(*reversed(discs)))) == [["a", "b", "c"], ["d"]]


def test_it_says_of_what_a_tie_is() -> None:
    assert ties("1", "", None) == {(Likeness.FINGERPRINT, "1")}
    assert ties("1", "a", "Firefly") == {
        (Likeness.FINGERPRINT, "1"),
        (Likeness.TITLE_KEY, "a"),
        (Likeness.SHOW_NAME, "Firefly"),
    }


def test_it_lets_no_family_go_in_part() -> None:
    spare, wanted = kin("a", "1"), Kin("b", ties("1", "", None), is_spare=False)
    assert may_go([spare])
    assert not may_go([spare, wanted])
