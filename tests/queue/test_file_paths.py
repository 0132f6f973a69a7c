"""When two paths name one file."""

import pytest

from boz_server.domain.queue.file_paths import is_shared, same_file


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/rips/a.mkv", "/rips/a.mkv"),
        ("C:\\rips\\a.mkv", "C:/rips/a.mkv"),
        ("C:\\rips\\a.mkv", "c:\\Rips\\A.MKV"),
        ("C:\\rips\\a.mkv", "C:\\rips\\.\\a.mkv"),
        ("\\\\nas\\rips\\a.mkv", "//NAS/rips/a.mkv"),
        ("C:\\rips\\Amélie.mkv", "C:\\RIPS\\AMÉLIE.MKV"),
    ],
)
def test_it_knows_a_file_in_whatever_way_its_path_is_written(one, other):
    assert same_file(one, other)
    assert same_file(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/rips/a.mkv", "/rips/A.mkv"),
        ("/rips/a\\b.mkv", "/rips/a/b.mkv"),
        ("C:\\rips\\a.mkv", "D:\\rips\\a.mkv"),
        ("C:\\rips\\a.mkv", "C:\\rips\\b.mkv"),
        ("C:\\rips\\a.mkv", "/rips/a.mkv"),
    ],
)
def test_it_tells_other_files_apart(one, other):
    assert not same_file(one, other)


@pytest.mark.parametrize(
    ("path", "shared"),
    [
        (None, False),
        ("C:\\rips\\a.mkv", False),
        ("/mnt/rips/a.mkv", False),
        ("\\\\nas\\rips\\a.mkv", True),
        ("//nas/rips/a.mkv", True),
        ("\\\\?\\C:\\rips\\a.mkv", False),
        ("\\\\.\\C:\\rips\\a.mkv", False),
        ("\\\\?\\UNC\\nas\\rips\\a.mkv", True),
        ("\\\\?\\unc\\nas\\rips\\a.mkv", True),
        ("\\\\?\\Volume{b75e2c83}\\a.mkv", False),
        ("", False),
    ],
)
def test_it_knows_a_share_by_its_path(path, shared):
    assert is_shared(path) is shared
