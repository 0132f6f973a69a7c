"""TheTVDB, OMDb and TMDb, of the shows and films that a test gives them.

with FakeProviders(series=[Show(Series(78874, "Firefly", 2002, ()), episodes)]) as providers:
    settings = replace(settings, **providers.settings())
    providers.fail("500", provider="thetvdb")
    ...
    assert providers.count("thetvdb") == 3
"""

from collections.abc import Sequence
from typing import Any

from boz_server.domain.metadata.answers import Series
from tests.fake_servers import Answer, Asked, FakeServers
from tests.provider_forms import Movie, NotFound, OMDbForm, Show, TheTVDBForm, TMDbForm

__all__ = ["KEY", "FakeProviders", "Movie", "Series", "Show"]

#: The key that all of them accept, and a token that TMDb accepts too.
KEY, TMDB_TOKEN = "the-key", "eyJ.read.token"


class FakeProviders(FakeServers):
    """All three providers, with these shows and films."""

    def __init__(
        self, series: Sequence[Show] = (), films: Sequence[Movie] = (), *, page_size: int = 500
    ) -> None:
        self.forms: dict[str, Any] = {
            "thetvdb": TheTVDBForm(series, page_size, KEY),
            "omdb": OMDbForm(films, KEY),
            "tmdb": TMDbForm(films, KEY, TMDB_TOKEN),
        }
        super().__init__()

    def settings(self) -> dict[str, Any]:
        """Settings for these providers, with all three keys."""
        return {f"{name}_url": f"{self.url}/{name}" for name in self.forms} | {
            f"{name}_api_key": KEY for name in self.forms
        }

    def expire_tokens(self) -> None:
        """Make TheTVDB refuse the tokens that it has issued."""
        self.forms["thetvdb"].tokens.clear()

    def right_answer(self, asked: Asked) -> Answer:
        form = self.forms.get(asked.provider)
        if form is None:
            return 404, {}
        try:
            answer: Answer = form.answer(asked.path, asked.params, asked.headers, asked.body)
        except NotFound as error:
            return 404, error.args[0]
        return answer
