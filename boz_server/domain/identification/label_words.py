"""Words that volume labels are made of, besides a title's own, and what they stand for."""

#: What studios and authoring houses put behind a title: picture, region, format.
NOISE = frozenset(
    [
        *("ws", "fs", "wide", "widescreen", "fullscreen", "full-screen", "16x9", "4x3", "16-9"),
        *("uhd", "4k", "hd", "hdr", "bd", "bd25", "bd50", "bdrom", "bluray", "blu-ray"),
        *("dvd", "dvd5", "dvd9", "dvd-rom", "ntsc", "pal", "disc", "disk", "rental", "retail"),
        *("r0", "r1", "r2", "r3", "r4", "r5", "r6", "na", "us", "usa", "uk", "eu", "des"),
    ]
)

#: Those that may be a whole title.
WORDS_OF_NOISE = frozenset(["us"])

#: Last words of labels of discs that have neither film nor episodes.
BONUS = frozenset(["bonus", "extras", "supplements", "supplemental", "special features"])

#: Editions as labels write them, and as Plex shows them (support.plex.tv, "Multiple Editions").
EDITIONS = {
    "ext": "Extended",
    "ee": "Extended",
    "extended": "Extended",
    "extended edition": "Extended",
    "extended cut": "Extended",
    "dc": "Director's Cut",
    "directors cut": "Director's Cut",
    "director cut": "Director's Cut",
    "se": "Special Edition",
    "special edition": "Special Edition",
    "ce": "Collector's Edition",
    "collectors edition": "Collector's Edition",
    "ue": "Ultimate Edition",
    "ultimate edition": "Ultimate Edition",
    "anniversary edition": "Anniversary Edition",
    "unrated": "Unrated",
    "uncut": "Uncut",
    "theatrical": "Theatrical",
    "theatrical cut": "Theatrical",
    "final cut": "Final Cut",
    "remastered": "Remastered",
}

NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        (
            ("one", "first"),
            ("two", "second"),
            ("three", "third"),
            ("four", "fourth"),
            ("five", "fifth"),
            ("six", "sixth"),
            ("seven", "seventh"),
            ("eight", "eighth"),
            ("nine", "ninth"),
            ("ten", "tenth"),
        ),
        start=1,
    )
    for word in words
}

#: Written small inside a title.
SMALL_WORDS = frozenset(["of", "the", "and", "a", "an", "in", "on", "at", "to", "for", "vs"])

#: Whole labels that authoring software writes by itself.
MEANINGLESS = frozenset(
    line.strip()
    for line in """
    bd rom
    bdmv
    blu ray
    blu ray disc
    bluray
    cdrom
    cd rom
    disc
    disk
    dvd
    dvd rom
    dvd video
    dvd volume
    dvdrom
    dvdvideo
    dvdvolume
    logical volume id
    my disc
    new
    new volume
    no label
    no name
    unknown
    untitled
    untitled disc
    video
    video ts
    volume
    volume id
    """.splitlines()
    if line.strip()
)


_SHORT_CODE = 4


def number_value(word: str) -> int:
    """What digits, or a word in small letters ("three", "third"), stand for."""
    if word.isdigit():
        return int(word)
    # Patterns that ignore case take a dotless i for an i.
    return NUMBER_WORDS[word.replace("\u0131", "i")]


def is_code(word: str) -> bool:
    """Whether a word is an authoring house's code ("NW1", "CCS") more likely than a word."""
    if word.isdigit():
        return False
    mixed = any(c.isdigit() for c in word)
    vowelless = word.isascii() and not set(word.casefold()) & set("aeiouy")
    return len(word) <= _SHORT_CODE and (mixed or vowelless)
