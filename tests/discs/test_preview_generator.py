"""What a disc is taken for, and how its titles are to be called."""

from dataclasses import replace

import pytest

from boz_server.context import Context
from boz_server.database.models import Disc, Title, TVSeason
from boz_server.domain.discs.proposals import DiscProposal, TitleProposal
from boz_server.domain.identification.identity import Identity, MediaType
from boz_server.domain.identification.layout import DiscFacts
from boz_server.domain.identification.title_facts import TitleFacts, TitleKind
from boz_server.services.discs.detection import ReportedDisc
from boz_server.services.discs.identify import UNHEARD_OF, facts_of, identify
from boz_server.services.discs.lookup import NOTHING
from boz_server.services.discs.preview_generator import Preview, PreviewGenerator
from boz_server.services.seasons import tracker
from tests.support import put_in

FIREFLY = Identity(MediaType.TV_SHOW, "Firefly", season_number=1)
SERENITY = Identity(MediaType.MOVIE, "Serenity", film_fit=0.4, year=2005)


@pytest.fixture
def context(services) -> Context:
    """What services are handed, in a transaction that stays open."""
    with services.context.database.write_queue():
        yield services.context


@pytest.fixture
def previews(context) -> PreviewGenerator:
    """A generator with the default settings."""
    return PreviewGenerator(context)


def generator(context: Context, **changes: object) -> PreviewGenerator:
    """A generator with other settings."""
    return PreviewGenerator(replace(context, settings=replace(context.settings, **changes)))


def titles(*minutes: float) -> list[TitleFacts]:
    """Titles of such lengths."""
    return [
        TitleFacts(index, f"Title {index + 1}", int(length * 60))
        for index, length in enumerate(minutes)
    ]


def facts(previews: PreviewGenerator, label: str, *minutes: float) -> DiscFacts:
    """A disc with titles of such lengths."""
    return facts_of(previews.context, label, titles(*minutes))


def proposed(previews: PreviewGenerator, identity: Identity, *minutes: float) -> DiscProposal:
    """What is proposed of an identified disc, before its season is numbered."""
    return preview_of(previews, identity, *minutes).proposal


def preview_of(previews: PreviewGenerator, identity: Identity, *minutes: float) -> Preview:
    """The same, with the season."""
    return previews.propose(facts(previews, "LABEL", *minutes), identity, NOTHING)


def selected(proposal: DiscProposal) -> list[int]:
    """The indexes of the selected titles."""
    return sorted(index for index, each in proposal.titles.items() if each.selected)


def of_titles(proposal: DiscProposal, *names: str) -> list[list[object]]:
    """What is proposed of the titles, in disc order."""
    return [
        [getattr(proposal.titles[index], name) for name in names]
        for index in sorted(proposal.titles)
    ]


@pytest.mark.parametrize(
    ("label", "minutes", "expected"),
    [
        ("FIREFLY_S01_D2", (43, 44), (MediaType.TV_SHOW, "Firefly", 1, None)),
        ("FIREFLY_S00", (43, 44), (MediaType.TV_SHOW, "Firefly", 0, None)),
        ("FIREFLY_D2", (43, 44, 45), (MediaType.TV_SHOW, "Firefly", None, None)),
        ("SERENITY_(2005)", (119, 8), (MediaType.MOVIE, "Serenity", None, 2005)),
        ("DVD_VIDEO", (119, 8), (MediaType.MOVIE, "DVD_VIDEO", None, None)),
        ("", (119, 8), (MediaType.MOVIE, "Unknown disc", None, None)),
        ("HOLIDAY", (2, 3), (MediaType.UNKNOWN, "Holiday", None, None)),
    ],
)
def test_it_takes_a_disc_for_what_label_and_layout_say(previews, label, minutes, expected):
    found = identify(facts(previews, label, *minutes), UNHEARD_OF, NOTHING)
    assert (found.media_type, found.name, found.season_number, found.year) == expected
    is_show = found.media_type is MediaType.TV_SHOW
    assert found.season_is_guess == (is_show and found.season_number is None)
    assert found.kind.reasons


@pytest.mark.parametrize(
    ("label", "confidence"), [("SERENITY_(2005)", 0.4), ("DVD_VIDEO", 0.3), ("", 0.3)]
)
def test_it_is_as_sure_of_a_film_as_of_its_name(previews, label, confidence):
    disc = facts(previews, label, 119, 8)
    found = identify(disc, UNHEARD_OF, NOTHING)
    preview = previews.propose(disc, found, NOTHING).proposal
    assert preview.movie_confidence == confidence
    assert preview.titles[0].confidence_score == confidence
    assert bool(found.warnings) == (confidence < 0.4)
    assert (found.named.confidence > 0.5) == (confidence == 0.4)


def test_it_counts_as_extras_what_the_settings_say(context):
    previews = generator(context, extras_min_duration_seconds=120)
    assert selected(proposed(previews, FIREFLY, 3, 3.5, 1)) == [0, 1]


def test_it_takes_for_episodes_what_varies_as_the_settings_say(context):
    lengths = (43, 44, 45, 35)
    assert selected(proposed(generator(context), FIREFLY, *lengths)) == [0, 1, 2, 3]
    strict = generator(context, extras_duration_variance=0.1)
    assert selected(proposed(strict, FIREFLY, *lengths)) == [0, 1, 2]


def test_it_files_below_the_folders_of_the_settings(context):
    previews = generator(context, nas_tv_path="Series", nas_movie_path="Films/SD")
    show = proposed(previews, FIREFLY, 43)
    assert show.titles[0].proposed_path == "Series/Firefly/Season 01"
    movie = proposed(previews, SERENITY, 119)
    assert movie.titles[0].proposed_path == "Films/SD/Serenity (2005)"


def test_it_names_episodes_as_the_season_knows_them(services):
    services.agents.register("pc", "Pc", {})
    TVSeason.create(season_id="Firefly:s1", show_name="Firefly", season_number=1)
    services.context.stores.seasons.record_episode("Firefly:s1", 1, 2, "The Train Job", 42)
    report = ReportedDisc("pc", "D:", "FIREFLY_S01_D1", "DVD disc", titles(43, 44))
    disc = put_in(services, report)
    names = [title.proposed_filename for title in disc.titles]
    assert names == ["Firefly - S01E01.mkv", "Firefly - S01E02 - The Train Job.mkv"]
    assert disc.titles[1].episode_title == "The Train Job"


def test_it_remembers_where_a_person_says_that_it_begins(previews):
    preview = proposed(previews, replace(FIREFLY, starting_episode=0, from_user=True), 43, 44)
    assert preview.told_first_episode == 0
    assert preview.starting_episode_number == 0


def test_it_finds_no_episode_on_a_tv_disc_of_short_titles(previews):
    preview = proposed(previews, FIREFLY, 3, 4)
    assert selected(preview) == []
    assert preview.tv_season_id == "Firefly:s1"
    assert preview.identification["warnings"] == [
        "No title is as long as an episode: a disc of extras."
    ]


def test_it_tells_what_each_title_is(previews):
    preview = proposed(previews, FIREFLY, 130.5, 43, 44, 43.5, 3)
    assert of_titles(preview, "kind", "selected") == [
        ["play_all", False], ["episode", True], ["episode", True], ["episode", True],
        ["extra", False],
    ]  # fmt: skip
    assert preview.titles[0].note == "Plays other titles one after another: 1, 2, 3."


def test_it_selects_one_of_several_cuts_and_warns(previews):
    preview = proposed(previews, SERENITY, 119, 124, 4)
    assert of_titles(preview, "kind", "selected") == [
        ["other_cut", False], ["feature", True], ["extra", False]
    ]  # fmt: skip
    names = of_titles(preview, "proposed_filename")
    assert names[:2] == [["Serenity (2005) {edition-Version 2}.mkv"], ["Serenity (2005).mkv"]]
    assert preview.identification["warnings"] == [
        "As long as the film: title 0. Choose what you want."
    ]


def test_it_is_less_sure_of_a_film_the_more_titles_may_be_it(previews):
    sure = []
    for minutes in ((119, 4), (119, 124, 4), tuple(100 + n / 2 for n in range(20))):
        preview = proposed(previews, SERENITY, *minutes)
        sure.append(preview.identification["titles"]["confidence"])
        assert len(selected(preview)) <= 1
    assert sure[0] > 0.9
    assert max(sure[1:]) < 0.8


def test_it_says_that_a_film_hides_among_false_titles(previews):
    preview = proposed(previews, SERENITY, *(100 + n / 2 for n in range(20)))
    (warning,) = preview.identification["warnings"]
    assert warning.startswith("20 titles are as long as the film")


def test_it_selects_both_of_two_films(previews):
    films = [TitleFacts(0, "Title 1", 88 * 60, chapters=20), TitleFacts(1, "T", 104 * 60, 0, 24)]
    disc = facts_of(previews.context, "LABEL", films)
    preview = previews.propose(disc, SERENITY, NOTHING).proposal
    assert selected(preview) == [0, 1]
    assert len({each.proposed_filename for each in preview.titles.values()}) == 2


def test_it_selects_nothing_of_a_films_bonus_disc(previews):
    why = "A later disc with several long titles: extras."
    preview = proposed(previews, replace(SERENITY, why_no_film=why), 90, 20, 21)
    assert selected(preview) == []
    assert preview.identification["warnings"] == [why]


def test_it_names_the_edition(previews):
    preview = proposed(previews, replace(SERENITY, edition="Director's Cut"), 119)
    name = preview.titles[0].proposed_filename
    assert name == "Serenity (2005) {edition-Director's Cut}.mkv"


@pytest.mark.parametrize("media_type", list(MediaType))
def test_it_names_every_title_of_any_disc(previews, clock, media_type):
    identity = Identity(media_type, "A/B: " + "Ö" * 250)
    preview = preview_of(previews, identity, 119, 43, 44, 3, 2, 2)
    assert sorted(preview.proposal.titles) == [0, 1, 2, 3, 4, 5]
    disc = Disc(disc_id="a", fingerprint="a", disc_name="LABEL", detected_at=clock.now())
    disc.titles = [Title(title_index=index, duration_seconds=2600) for index in range(6)]
    preview.proposal.put_on(disc)
    # Episodes get their names with their numbers.
    for season in preview.seasons:
        season.include(disc)
        tracker.number(season)
    names = [title.proposed_filename for title in disc.titles]
    assert all(len(name.encode()) <= 200 and "/" not in name for name in names)
    assert len(set(names)) == len(names)


def test_it_gives_a_renamed_extra_the_least_free_number(previews):
    disc = Disc(
        media_type=MediaType.MOVIE, disc_name="SERENITY", movie_title="Serenity", movie_year=2005
    )
    extra = TitleProposal(TitleKind.EXTRA, selected=False, is_extra=True, confidence_score=0.3)
    taken = ["Serenity - Extra 01.mkv", "Serenity - Extra 03.mkv", None]
    assert previews.renamed(disc, extra, taken=taken) == (
        "Serenity - Extra 02.mkv",
        "Movies/Serenity (2005)/Other",
    )
