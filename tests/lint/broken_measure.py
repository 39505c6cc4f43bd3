"""Notebooks broken against the measure, one place each: (rule, words, mutation, how to mend)."""

from __future__ import annotations

from good_notebook import FOLDED, code, edit, markdown, replace


def insert(new: dict, at: int = 3):
    return lambda nb: nb["cells"].insert(at, new)


def many_seals(kind: str, count: int, **metadata):
    records = [{"kind": kind, "sentence": "so", "what": "so"}] * count
    return insert(code("claim('so')", *records, **metadata))


def both(*mutations):
    def mutate(nb):
        for each in mutations:
            each(nb)

    return mutate


TRAINING = insert(code("loss.backward()"))
DRAWING = "fig, ax = plt.subplots()\nax.plot(x)\nax.set_title('It rises')\nshow(fig, caption='c', alt='a')"
MARK = "write measured("
ANOTHER = "another name"

BROKEN_MEASURE = [
    ("length", "code cells in sight", lambda nb: [insert(code("x"))(nb) for _ in range(12)], "split or join"),
    (
        "length",
        "code cells in sight",
        lambda nb: nb.update(cells=[c for c in nb["cells"] if c["cell_type"] == "markdown"]),
        "split or join",
    ),
    ("length", "has 92 words", edit("## See it first", source="## See it first"), "one question"),
    (
        "length",
        "words, the guide asks",
        edit("## See it first", source="## See it first\n\n" + "word " * 2000),
        "one question",
    ),
    ("length", "lines of code, the limit is 450", edit("a = 1", source="a = 1\n" * 450), "second notebook"),
    (
        "length",
        "lines of code folded",
        edit("# @title Solution 1", source="# @title Solution 1\n" + "x = 1\n" * 40),
        "show them",
    ),
    (
        "derivations",
        "a derivation of 121 words",
        insert(markdown("so " * 121 + "$x = 1$")),
        "one step a line",
    ),
    ("seals", "has 4 seals in a row", many_seals("claim", 4), "# @title Checks"),
    ("seals", "has 4 seals in a row", many_seals("verify", 4), "# @title Checks"),
    (
        "references",
        "lists L. Euler (1748), On doubling",
        replace("## From scratch", "Euler's", "old"),
        "cite it",
    ),
    (
        "references",
        "lists A. Émile and B. Ng (1999), More",
        replace(
            "## In the notes",
            "**References.**",
            "**References.** A. Émile and B. Ng (1999), [More](x), in part.",
        ),
        "cite it",
    ),
    ("notes_apart", "speaks of the notes", insert(markdown("As the notes say.")), "'In the notes'"),
    (
        "notes_apart",
        "speaks of the notes",
        lambda nb: nb["cells"].append(markdown("## After\n\nThe notes' formula.")),
        "'In the notes'",
    ),
    (
        "one_meaning",
        "defines kept as number, in cell 3 it is function",
        both(insert(code("kept = 1"), 2), insert(code("def kept(x): ..."), 2)),
        ANOTHER,
    ),
    (
        "one_meaning",
        "defines kept as a value, in cell 3 it is function",
        both(insert(code("kept = f(2)"), 2), insert(code("def kept(x): ..."), 2)),
        ANOTHER,
    ),
    (
        "one_meaning",
        "defines kept as function, in cell 3 it is a value",
        both(insert(code("def kept(x): ..."), 2), insert(code("for kept in y:\n    pass"), 2)),
        ANOTHER,
    ),
    (
        "one_meaning",
        "defines s as list, in cell 3 it is str",
        both(insert(code("s, t = [1], 2"), 2), insert(code("s = 'a'"), 2)),
        ANOTHER,
    ),
    ("layout_folded", "the call of show(…)", insert(code(DRAWING)), "fold it"),
    (
        "layout_folded",
        "the call of explore(…)",
        insert(code("explore(\n    draw,\n    caption='c',\n    alt='a',\n)")),
        "fold it",
    ),
    (
        "measured_marks",
        "shows loss unmarked",
        both(TRAINING, insert(code("show(fig, caption=f'At {loss:.2f}.', alt='a')"))),
        MARK,
    ),
    ("measured_marks", "shows hit unmarked", both(TRAINING, insert(code("print(f'{hit:.0%} hit')"))), MARK),
    (
        "measured_marks",
        "shows score(a) unmarked",
        both(
            TRAINING,
            insert(code("def draw(a):\n    return fig, f'{a:.1f}: {score(a):.2f}'\nexplore(draw, a=[1, 2])")),
        ),
        MARK,
    ),
]

INNOCENT_MEASURE = [
    markdown("so " * 121),  # no formula: no derivation
    markdown("| $x$ | " + "so " * 121 + "|"),
    code("claim('so')", *[{"kind": "claim", "sentence": "so"}] * 3),
    code("# @title Checks", *[{"kind": "claim", "sentence": "so"}] * 9, **FOLDED),
    code("x = 1\nx = 2"),
    code("def f(): ...\ndef f(x): ..."),
    code("y = g(1)\ny = 2"),
    code("_ = 1\n_ = 'a'"),
    code("# @title The picture\n" + DRAWING, **FOLDED),
    code("y = f(x)\n" + DRAWING),
    code("loss.backward()\nshow(fig, caption=f'At {measured(loss, '.2f')}.', alt='a')"),
    code("loss.backward()\nshow(fig, caption=f'After {steps} steps.', alt='a')"),
    code("loss.backward()\ndef draw(a):\n    return fig, f'{a:.1f}'\nexplore(draw, a=[1, 2])"),
]
