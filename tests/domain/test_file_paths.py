"""When two paths name one file."""

import pytest

from boz_server.domain.file_paths import same_file


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
def test_it_knows_a_file_in_whatever_way_its_path_is_written(one: str, other: str) -> None:
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
def test_it_tells_other_files_apart(one: str, other: str) -> None:
    assert not same_file(one, other)
