"""Files on a real server that is killed, or whose disks are full."""
