"""Which kind of file system a path is on, by the kernel's list."""

from pathlib import Path

import pytest

from boz_server.mounts import network_type, type_of

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 22 0:26 / /mnt/the\\040nas rw,relatime shared:1 - cifs //nas/media rw
32 22 0:27 / /mnt/nas rw,relatime shared:2 master:3 - nfs4 nas:/media rw
33 32 0:28 / /mnt/nas/local rw - ext4 /dev/vdb rw
34 22 0:29 / /over rw - nfs4 nas:/over rw
35 22 0:30 / /over rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/data/boz.db", "ext4", None),
        ("/mnt/the nas/boz.db", "cifs", "cifs"),
        ("/mnt/nas/database/boz.db", "nfs4", "nfs4"),
        ("/mnt/nas/local/boz.db", "ext4", None),
        ("/mnt/nas-other/boz.db", "ext4", None),
        ("/over/boz.db", "tmpfs", None),
    ],
)
def test_it_takes_the_mount_that_lies_on_top(tmp_path, path, kind, network):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert (type_of(Path(path), mounts), network_type(Path(path), mounts)) == (kind, network)


def test_it_knows_nothing_without_the_list(tmp_path):
    assert type_of(Path("/"), tmp_path / "no Linux") is None
    assert network_type(Path("/"), tmp_path / "no Linux") is None
