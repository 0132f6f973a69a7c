"""The search index of the collection: all discs, including those in the archive."""

from typing import ClassVar

import peewee

from boz_server.database.fields import EnumField, UTCDateTimeField, one_of
from boz_server.database.models.base import BaseModel, index
from boz_server.domain.identification.identity import MediaType


class LibraryEntry(BaseModel):
    """The entry of one disc, which stays when the disc moves between `discs` and `archived_discs`.

    SQLite's full-text index refers to `id`, because VACUUM may change rowids. Entries are derived
    from the disc (see domain/collection/search.py) at the end of each transaction that changes one
    of its names.
    """

    #: No foreign key, because the disc moves between two tables.
    disc_id = peewee.CharField(max_length=36)
    detected_at = UTCDateTimeField()
    media_type = EnumField(MediaType)
    #: The show's name, case-folded; empty without a show. The same as in tv_seasons.
    show_key = peewee.TextField()
    #: Sort key: the show with season and disc number, the film with its year, or the label. Case-
    #: folded, and compared by code points on both engines.
    sort_title = peewee.TextField()
    #: The words it is found by: case-folded, each once, separated by spaces.
    text = peewee.TextField()

    class Meta:
        table_name = "library_entries"
        constraints: ClassVar = [one_of("media_type", MediaType, "library_entries_media_type")]


index("uq_library_entries_disc", LibraryEntry, LibraryEntry.disc_id, unique=True)
for _name, _columns in {
    "": (),
    "type_": (LibraryEntry.media_type,),
    "show_": (LibraryEntry.show_key,),
}.items():
    index(
        f"idx_library_{_name}newest",
        LibraryEntry,
        *_columns,
        LibraryEntry.detected_at,
        LibraryEntry.disc_id,
    )
    index(
        f"idx_library_{_name}title",
        LibraryEntry,
        *_columns,
        LibraryEntry.sort_title,
        LibraryEntry.disc_id,
    )

#: SQLite's full-text index, which reads the texts from the table. The tokenizer `ascii` only splits
#: at spaces, so that domain/collection/search.py alone decides what a word is.
SEARCH_ON_SQLITE = (
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
#: PostgreSQL's full-text index, likewise without rules of its own; and collation by code points,
#: instead of the database's language.
SEARCH_ON_POSTGRES = (
    'ALTER TABLE library_entries ALTER sort_title TYPE TEXT COLLATE "C"',
    'ALTER TABLE tv_seasons ALTER show_key TYPE TEXT COLLATE "C"',
    "CREATE INDEX idx_library_words ON library_entries"
    " USING gin (array_to_tsvector(string_to_array(text, ' ')))",
)
