"""Layouts of real discs, as agents report them; people have checked what is on them."""

from hypothesis import strategies as st

from boz_server.domain.identification.title_facts import TitleFacts

MIB = 1024 * 1024


def titles(*lengths, indexes=(), sizes=(), chapters=(), names=(), files=(), maps=()):
    """Titles numbered from 0, sizes in MiB; values that are not given are unknown."""
    return [
        TitleFacts(
            index=indexes[place] if indexes else place,
            name=names[place] if names else f"Title {place}",
            duration_seconds=length,
            size_bytes=sizes[place] * MIB if sizes else 0,
            chapters=chapters[place] if chapters else 0,
            source_file=files[place] if files else "",
            segment_map=maps[place] if maps else "",
        )
        for place, length in enumerate(lengths)
    ]


def any_titles(lengths, *, chapters=3, files=("", "1.mpls", "1.m2ts"), maps=("", "1"), most=40):
    """Titles with any of these lengths and at most this many chapters."""
    rows = st.tuples(
        lengths,
        st.integers(0, 3),
        st.integers(0, chapters),
        st.sampled_from(files),
        st.sampled_from(maps),
    )
    names = ("sizes", "chapters", "files", "maps")

    def built(found):
        columns = zip(*found, strict=True) if found else [()] * 5
        lengths, *others = columns
        return titles(*lengths, **dict(zip(names, others, strict=True)))

    return st.lists(rows, max_size=most).map(built)


def indexes(facts):
    return [title.index for title in facts]


# A pilot of double length that is one episode, then two more.
FIREFLY_1 = titles(5186, 2554, 2627, sizes=(3787, 1866, 1835), chapters=(21, 13, 13))
# Three episodes, two long extras, shorter ones.
FIREFLY_4 = titles(
    *(2636, 2540, 2637, 273, 219, 129, 1716, 584, 159, 156),
    indexes=(0, 1, 2, 6, 7, 8, 9, 10, 12, 15),
    chapters=(13, 13, 13, 0, 0, 0, 0, 0, 0, 0),
)
# A pilot that is two episodes, then two more.
DEEP_SPACE_NINE_1 = titles(5429, 2718, 2715, chapters=(18, 8, 8))
# Extras alone.
DEEP_SPACE_NINE_6 = titles(1086, 860, 609, 287, 177, 323, 194, 161, chapters=(2,) * 6 + (0, 0))
# A double episode, four single ones with an extra between them, all of them in a row.
FRASIER_1 = titles(
    *(2663, 1299, 1298, 1299, 166, 1300, 7859),
    indexes=(0, 1, 2, 3, 4, 6, 7),
    chapters=(7, 4, 4, 4, 3, 4, 23),
)
# The double episode is as long as two of the others.
FRASIER_4 = titles(1348, 1283, 2595, 1247, 1353, 7826, chapters=(4, 4, 6, 4, 4, 22))
# Each episode twice; a menu loop and a logo between them.
BAND_OF_BROTHERS_1 = titles(4394, 3121, 161, 620, 4394, 3121, chapters=(8, 8, 0, 0, 0, 0))
BAND_OF_BROTHERS_3 = titles(3342, 149, 620, 4040, 3342, 4040, chapters=(8, 3, 0, 0, 0, 0))
# A bonus disc: a film about the series, video diaries one by one and in a row.
BAND_OF_BROTHERS_6 = titles(
    *(4653, 141, 3365, 1772, 181, 273, 318, 331, 272, 242, 298, 262, 287, 273, 257, 266, 283),
    chapters=(8, 3, 12) + (0,) * 14,
)
# Eight episodes without their opening (the first has its own), all in a row, then with it.
AVATAR_1 = titles(
    *(1419, 1300, 1356, 1341, 1366, 1384, 1387, 1344, 11232, 278),
    *(1348, 1405, 1389, 1414, 1432, 1435, 1392, 1420, 239),
    chapters=(5, 4, 4, 4, 4, 4, 4, 4, 33, 4, 4, 4, 4, 4, 4, 4, 4, 5, 0),
)
# Five episodes of one length, and all in a row.
BAKUGAN_1 = titles(6640, 1328, 1328, 1328, 1328, 1328, chapters=(20, 4, 4, 4, 4, 4))
# Fifteen cartoons, one of them short and one long, in a row without the credits.
SPONGEBOB_1 = titles(
    *(215, *(663,) * 8, 662, *(663,) * 5, 1037, 10533, 374), chapters=(2,) * 10 + (0,) * 8
)
# Seven cartoons, a long one, all in a row; credits and extras.
SPONGEBOB_3 = titles(
    *(708, 664, 665, 671, 664, 679, 705, 864, 5620, 191, 607, 351, 870, 123, 142),
    chapters=(2, 2, 2, 2, 2, 2, 2, 3, 10, 2, 0, 0, 3, 0, 0),
)
# Five episodes; a concert, a table read and a talk, each as long as one or two.
THIRTY_ROCK_6 = titles(
    *(1274, 1279, 1277, 1249, 1396, 2808, 1889, 1389, 485),
    indexes=(0, 1, 2, 3, 4, 7, 8, 9, 10),
    chapters=(5, 4, 4, 5, 4, 0, 0, 0, 0),
)
# Four episodes, the finale of two, a tour of the studio.
THIRTY_ROCK_20 = titles(
    *(1291, 1290, 1292, 1291, 2644, 280, 1580),
    indexes=(0, 1, 2, 3, 4, 7, 8),
    chapters=(5,) * 4 + (8, 0, 0),
)
# Each of five episodes twice, the deleted scenes longer than any of them.
GALACTICA_1_2 = titles(
    *(2683, 2619, 2625, 2616, 2625, 125, 2908, 2683, 2619, 2625, 2616, 2625),
    indexes=(3, 4, 5, 6, 7, 9, 11, 19, 20, 21, 22, 23),
    chapters=(4, 4) + (0,) * 10,
)
# A long episode, three more, all in a row.
GALACTICA_25_1 = titles(
    3526, 2617, 2619, 2621, 11383, 132, 347, 185, chapters=(4, 4, 4, 4, 16, 0, 0, 0)
)
# Two episodes, a long finale, all in a row.
GALACTICA_25_3 = titles(2593, 2617, 4066, 9276, 299, 580, chapters=(4, 4, 5, 12, 4, 0))
# Three episodes, each as a playlist and as its stream.
ARCANE_1 = titles(
    *(2498, 2314, 2559, 2498, 2314, 2559),
    indexes=(0, 1, 2, 11, 12, 13),
    chapters=(8, 7, 8, 0, 0, 0),
    sizes=(30240, 28292, 31235, 30240, 28292, 31235),
)
# Two episodes as long as films; an episode, the lost pilot, a documentary.
SHERLOCK_1 = titles(5286, 5306, chapters=(8, 8))
SHERLOCK_2 = titles(1958, 3315, 5360, chapters=(8, 6, 8))

# Four cuts that share all but their endings, which are there by themselves, too.
CLUE = titles(
    *(5255, 5266, 5183, 5811, 135, 135, 1072, 515, 526, 443, 4739),
    indexes=(0, 1, 2, 3, 9, 10, 24, 25, 26, 27, 29),
    chapters=(15, 15, 15) + (0,) * 8,
    sizes=(20401, 20448, 20088, 22563, 303, 303, 4153, 1991, 2038, 1717, 18409),
    files=("2.mpls", "3.mpls", "4.mpls", "1.mpls") + ("x.m2ts",) * 7,
    maps=(
        "357,353",
        "357,354",
        "357,355",
        "357,352",
        *["14", "15", "352", "353", "354", "355", "357"],
    ),
)
# A film, and a documentary nearly as long with a third of its chapters.
TWELVE_MONKEYS = titles(
    5253, 7770, 145, 970, 1429, indexes=(0, 1, 8, 9, 10), chapters=(4, 12, 0, 0, 0)
)
# A film and long extras of all lengths.
ROUND_MIDNIGHT = titles(
    7894, 1424, 1681, 3152, 2359, 685, indexes=(0, 4, 5, 6, 7, 8), chapters=(15, 0, 0, 0, 0, 0)
)
DRESSES = titles(6627, 426, 128, 872, 404, 276, 306, 240, chapters=(25, 4, 2, 2, 0, 0, 0, 0))
THREE_HUNDRED = titles(6998, 140, 340, 6998, indexes=(0, 1, 3, 7), chapters=(30, 0, 0, 0))
# The extras of a film on a disc of their own, and all of them in a row.
RETURN_OF_THE_KING_3 = titles(
    *(12222, 1766, 1498, 2392, 1195, 2837, 721, 1813, 318, 965, 177, 130, 134, 178, 144, 202),
    indexes=(1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 18, 19, 20),
    chapters=(54, 7, 8, 12) + (0,) * 12,
)
# A short film for television and its sequel.
CHARLIE_BROWN = titles(1540, 1397, chapters=(7, 9))
