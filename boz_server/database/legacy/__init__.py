"""Takes over the database of the system that was here before (see docs/adoption.md).

adoption.py is the door. legacy_file.py recognises, copies and reads the old file, row.py reads the
columns of a row, and machines, seasons, discs and jobs make our rows, which tables.py holds.
filling.py writes those, in_place.py replaces the old file by the new one, and report.py says what
became of every row.
"""
