"""Our paths as another machine has them, with either kind of slash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.naming.path_map import PathMap, lies_in


@pytest.mark.parametrize(
    ("text", "path", "theirs"),
    [
        ("/nas:/media", "/nas/Movies/Up (2009)", "/media/Movies/Up (2009)"),
        ("/nas:/media", "/nas", "/media"),
        ("/nas/:/media/", "/nas/Movies", "/media/Movies"),
        ("/nas:/media", "/nas2/Movies", "/nas2/Movies"),
        ("/nas:/media", "/other", "/other"),
        ("/nas:/", "/nas/Movies", "/Movies"),
        ("/:/media", "/nas/Movies", "/media/nas/Movies"),
        ("/nas:/media,/nas/TV Shows:/tv", "/nas/TV Shows/Firefly", "/tv/Firefly"),
        ("/nas/TV Shows:/tv,/nas:/media", "/nas/TV Shows/Firefly", "/tv/Firefly"),
        ("/nas:/media, /nas/TV Shows : /tv", "/nas/Movies/x", "/media/Movies/x"),
        ("/nas/TV:/tv", "/nas/TV Shows/Firefly", "/nas/TV Shows/Firefly"),
        ("/nas:D:\\Media", "/nas/TV Shows/Firefly", "D:\\Media\\TV Shows\\Firefly"),
        ("/nas:D:/Media", "/nas/Movies", "D:\\Media\\Movies"),
        ("/nas:D:\\", "/nas/Movies", "D:\\Movies"),
        ("/nas:D:\\", "/nas", "D:\\"),
        ("/nas:\\\\den\\media", "/nas/Movies", "\\\\den\\media\\Movies"),
        ("/nas:D:\\Media", "/nas/C:/Up", "D:\\Media\\C:\\Up"),
    ],
)
def test_it_maps_a_path(text, path, theirs):
    assert PathMap.parse(text).theirs(path) == theirs


def test_it_leaves_paths_alone_without_pairs():
    assert PathMap().theirs("/nas/Movies") == "/nas/Movies"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ",", "/nas", "/nas:", ":/media", "nas:/media", "/nas:media", "/nas:/a,", "/nas:D:",
        "/nas:D:Media", "D:\\Media:/nas", "/nas:/a,/nas:/b", "/nas:/a,/nas/:/b", "/nas/../x:/a",
        "/nas:/a/../b", "/nas:\\media", "/nas:\\\\",
    ],
)  # fmt: skip
def test_it_refuses_an_invalid_path_map(text):
    with pytest.raises(ValueError):  # noqa: PT011 - settings put it into words
        PathMap.parse(text)


def test_it_is_written_as_it_is_read():
    text = "/nas:/media,/nas/TV Shows:D:\\TV"
    assert str(PathMap.parse(text)) == text
    assert str(PathMap()) == ""


@given(st.lists(st.text("ab/.: \\", min_size=1, max_size=4), max_size=4))
def test_it_keeps_the_number_of_folders(names):
    path = "/nas/" + "/".join(name.replace("/", "") or "x" for name in names)
    mapped = PathMap.parse("/nas:/media").theirs(path)
    assert mapped == "/media" or mapped.startswith("/media/")


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [
        ("/media/Movies/Up", "/media/Movies", True),
        ("/media/Movies", "/media/Movies/", True),
        ("/media/Movies 2", "/media/Movies", False),
        ("/media/movies", "/media/Movies", False),
        ("/media", "/media/Movies", False),
        ("D:\\Media\\Up", "d:/media", True),
        ("D:\\Media\\Up", "E:\\Media", False),
        ("/media", "D:\\", False),
        ("/media", "media", False),
        ("media", "", False),
    ],
)
def test_it_tells_whether_a_folder_is_inside_another(path, folder, inside):
    assert lies_in(path, folder) == inside
