"""Files at a real server that is killed, or whose disks are full, and what lies on them then."""
