"""What discs, archived ones included, are found and sorted by, and seasons by their show.

Frozen: never imports the models or the code that folds names. docs/schema.md explains the columns.
Columns are added and dropped in place, because rebuilding a table could lose its children.
"""

import json
import re
import unicodedata
import zlib
from itertools import groupby

import peewee as pw
from peewee_migrate import Migrator

ON_SQLITE = (
    "CREATE VIRTUAL TABLE library_search USING fts5(text, content='library_entries',"
    " content_rowid='id', tokenize='ascii', detail='none', columnsize=0)",
    "CREATE TRIGGER library_search_insert AFTER INSERT ON library_entries BEGIN"
    " INSERT INTO library_search (rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER library_search_delete AFTER DELETE ON library_entries BEGIN"
    " INSERT INTO library_search (library_search, rowid, text)"
    " VALUES ('delete', old.id, old.text); END",
    "CREATE TRIGGER library_search_update AFTER UPDATE ON library_entries"
    " WHEN old.text <> new.text OR old.id <> new.id BEGIN"
    " INSERT INTO library_search (library_search, rowid, text)"
    " VALUES ('delete', old.id, old.text);"
    " INSERT INTO library_search (rowid, text) VALUES (new.id, new.text); END",
)
ON_POSTGRES = (
    'ALTER TABLE library_entries ALTER sort_title TYPE TEXT COLLATE "C"',
    'ALTER TABLE tv_seasons ALTER show_key TYPE TEXT COLLATE "C"',
    "CREATE INDEX idx_library_words ON library_entries"
    " USING gin (array_to_tsvector(string_to_array(text, ' ')))",
)
MEDIA_TYPE = "media_type IN ('movie', 'tv_show', 'unknown')"
APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u02bc`"))
DOTS = dict.fromkeys(map(ord, ".*"))
ACRONYM = re.compile(r"\b(?:[^\W_][.*]){2,}[^\W_]?\b")
SEASON_INDEX = "idx_tv_seasons_order"
CHUNK = 500
COLUMNS = (
    "disc_id",
    "disc_name",
    "detected_at",
    "media_type",
    "tv_show_name",
    "tv_season_number",
    "movie_title",
    "movie_year",
)
ENTRY = ("disc_id", "detected_at", "media_type", "show_key", "sort_title", "text")


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Add the table with an entry for each existing disc, and the seasons' column."""
    season = migrator.add_fields(
        "tv_seasons", allow_not_null=True, show_key=pw.TextField(constraints=[pw.Default("''")])
    )
    season.add_index(season_index(season))
    migrator.run(pw.SchemaManager(season).create_indexes)  # keeps earlier ones
    create_entries(migrator)
    is_sqlite = isinstance(database, pw.SqliteDatabase)
    for statement in ON_SQLITE if is_sqlite else ON_POSTGRES:
        migrator.sql(statement)
    migrator.run(fill_seasons, database)
    migrator.run(fill_entries, database)


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop them again; everything in them is derived from discs and seasons."""
    if isinstance(database, pw.SqliteDatabase):
        migrator.sql("DROP TABLE library_search")
    migrator.remove_model("library_entries", cascade=True)
    migrator.sql(f"DROP INDEX {SEASON_INDEX}")
    migrator.remove_fields("tv_seasons", "show_key")


def season_index(season):
    order = (season.show_key, season.season_number, season.season_id)
    return season.index(*order, name=SEASON_INDEX)


def create_entries(migrator):
    class LibraryEntry(pw.Model):
        disc_id = pw.CharField(max_length=36)
        detected_at = pw.DateTimeField()
        media_type = pw.CharField(max_length=20)
        show_key = pw.TextField()
        sort_title = pw.TextField()
        text = pw.TextField()

        class Meta:
            table_name = "library_entries"
            constraints = [pw.Check(MEDIA_TYPE, "library_entries_media_type")]  # noqa: RUF012

    entry = LibraryEntry
    entry.add_index(entry.index(entry.disc_id, unique=True, name="uq_library_entries_disc"))
    for name, before in (("", ()), ("type_", (entry.media_type,)), ("show_", (entry.show_key,))):
        for by, column in (("newest", entry.detected_at), ("title", entry.sort_title)):
            columns = (*before, column, entry.disc_id)
            entry.add_index(entry.index(*columns, name=f"idx_library_{name}{by}"))
    migrator.create_model(entry)


def fill_seasons(database):
    """Fold the shows' names."""
    mark = database.param
    seasons = database.execute_sql("SELECT season_id, show_name FROM tv_seasons").fetchall()
    for season_id, name in seasons:
        database.execute_sql(
            f"UPDATE tv_seasons SET show_key = {mark} WHERE season_id = {mark}",  # noqa: S608
            (key(name), season_id),
        )


def fill_entries(database):
    """Add an entry for every disc, a few hundred at a time."""
    for table, last in (("discs", "disc_number"), ("archived_discs", "record")):
        columns = (*COLUMNS, last)
        for rows in chunks(database, f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608
            discs = [dict(zip(columns, row, strict=True)) for row in rows]
            names = of_records(discs) if table == "archived_discs" else of_titles(database, discs)
            insert(database, [entry_of(disc, names.get(disc["disc_id"], ())) for disc in discs])


def chunks(database, query):
    """The rows of a query on discs, in chunks by id."""
    mark, reached = database.param, ""
    while True:
        where = f"{query} WHERE disc_id > {mark} ORDER BY disc_id LIMIT {CHUNK}"
        rows = database.execute_sql(where, (reached,)).fetchall()
        if not rows:
            return
        yield rows
        reached = rows[-1][0]


def of_titles(database, discs):
    """Episode titles by disc id: {disc id: [title]}."""
    marks = ", ".join([database.param] * len(discs))
    found = database.execute_sql(
        "SELECT disc_id, episode_title FROM titles WHERE episode_title IS NOT NULL"  # noqa: S608
        f" AND disc_id IN ({marks}) ORDER BY disc_id, title_index",
        tuple(disc["disc_id"] for disc in discs),
    )
    names: dict = {}
    for disc_id, name in found.fetchall():
        names.setdefault(disc_id, []).append(name)
    return names


def of_records(discs):
    """The same for archived discs; also sets their disc number from their record."""
    names = {}
    for disc in discs:
        record = json.loads(zlib.decompress(bytes(disc["record"])))
        # A damaged record must not fail the upgrade just because of a search.
        known = record if isinstance(record, dict) else {}
        disc["disc_number"] = known.get("disc", {}).get("disc_number")
        titles = known.get("titles", ())
        names[disc["disc_id"]] = [title.get("episode_title") for title in titles]
    return names


def insert(database, entries):
    marks = f"({', '.join([database.param] * len(ENTRY))})"
    database.execute_sql(
        f"INSERT INTO library_entries ({', '.join(ENTRY)})"  # noqa: S608
        f" VALUES {', '.join([marks] * len(entries))}",
        tuple(value for entry in entries for value in entry),
    )


def entry_of(disc, episode_titles):
    """The values of an entry, in the order of ENTRY."""
    at, show, film = disc["detected_at"], disc["tv_show_name"], disc["movie_title"]
    if isinstance(at, str):  # stored like every other time
        second, _, fraction = at.partition(".")
        at = f"{second}.{fraction:0<6}"
    season, year, label = disc["tv_season_number"], disc["movie_year"], disc["disc_name"]
    if disc["media_type"] == "tv_show" and show:
        title = f"{key(show)} {season or 0:04d} {disc['disc_number'] or 0:04d}"
    elif film:
        title = f"{key(film)} {year or 0:04d} {disc['disc_number'] or 0:04d}"
    else:
        title = key(label)
    said = (label, show, None if season is None else f"S{season:02d} S{season}", film)
    names = (*said, None if year is None else str(year), *episode_titles)
    found = list(dict.fromkeys(word for name in names if name for word in words(name)))
    text = " ".join(found[:2000])
    return disc["disc_id"], at, disc["media_type"], key(show or ""), title, text


def words(text):
    folded = text[:500]
    for _ in range(2):
        folded = unicodedata.normalize("NFKD", folded).casefold()
    folded = unicodedata.normalize("NFKD", folded).translate(APOSTROPHES)
    folded = ACRONYM.sub(lambda found: found[0].translate(DOTS), folded)
    seen = [each for each in folded if not unicodedata.category(each).startswith(("M", "Cf"))]
    return ["".join(run)[:64] for is_word, run in groupby(seen, str.isalnum) if is_word]


def key(name):
    folded = " ".join(words(name)) or "".join(name.casefold().split())
    return folded.encode(errors="ignore").decode()[:100].rstrip()
