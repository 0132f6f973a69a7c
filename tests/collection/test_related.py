"""Related discs stay together."""

from boz_server.domain.collection.related import (
    LinkedDisc,
    LinkKind,
    is_archivable,
    links_of,
    related_groups,
)


def linked(disc_id: str, fingerprint: str, key: str = "", show: str | None = None) -> LinkedDisc:
    return LinkedDisc(disc_id, links_of(fingerprint, key, show), is_spare=True)


def ids(*discs: LinkedDisc) -> list[set[str]]:
    return [{disc.disc_id for disc in group} for group in related_groups(discs)]


def test_it_separates_discs_that_have_nothing_in_common():
    discs = linked("a", "1"), linked("b", "2", "alien"), linked("c", "3", show="Firefly")
    assert ids(*discs) == [{"a"}, {"b"}, {"c"}]


def test_it_joins_by_the_disc_the_label_and_the_show():
    assert ids(linked("a", "1"), linked("b", "1")) == [{"a", "b"}]
    assert ids(linked("a", "1", "alien"), linked("b", "2", "alien")) == [{"a", "b"}]
    shows = linked("a", "1", show="Firefly"), linked("b", "2", show="Firefly")
    assert ids(*shows) == [{"a", "b"}]


def test_it_compares_only_links_of_one_kind():
    discs = linked("a", "x"), linked("b", "1", "x"), linked("c", "2", show="x")
    assert ids(*discs) == [{"a"}, {"b"}, {"c"}]


def test_it_joins_through_others_in_any_order():
    discs = [
        linked("a", "1", "one"),
        linked("b", "2", "two"),
        linked("c", "2", "one"),
        linked("d", "9"),
    ]
    assert ids(*discs) == [{"a", "b", "c"}, {"d"}]
    assert sorted(map(sorted, ids(*reversed(discs)))) == [["a", "b", "c"], ["d"]]


def test_it_says_what_a_link_is_about():
    assert links_of("1", "", None) == {(LinkKind.FINGERPRINT, "1")}
    assert links_of("1", "a", "Firefly") == {
        (LinkKind.FINGERPRINT, "1"),
        (LinkKind.TITLE_KEY, "a"),
        (LinkKind.SHOW_NAME, "Firefly"),
    }


def test_it_archives_no_group_in_part():
    spare, wanted = linked("a", "1"), LinkedDisc("b", links_of("1", "", None), is_spare=False)
    assert is_archivable([spare])
    assert not is_archivable([spare, wanted])
