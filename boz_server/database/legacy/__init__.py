"""Takes over the database of the system that was here before (SQLAlchemy's, docs/adoption.md).

legacy_file.py recognises and copies the old file, row.py reads its rows, conversion.py and the
files of the nouns make our rows of them, filling.py writes those, in_place.py puts the new file in
the old one's place, report.py says what became of every row.
"""
