"""Captions and answers are read back by a parser of its own and held against the factors."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from utils.data import shapes
from utils.data.language import ANSWERS, NUMBERS
from utils.data.scenes import COLOR_NAMES, SHAPES, TEXTURE_NAMES

COLOR, SHAPE = "|".join(COLOR_NAMES), "|".join(SHAPES)
THING = rf"an? ({COLOR})(?: (striped|dotted|checked))? ({SHAPE})"
RELATION = "left of|right of|above|below"


@pytest.fixture(scope="module")
def world():
    return shapes(3000, size=16, objects=(1, 4), radius=(0.19, 0.22), seed=2)


def objects(s, i):
    return [
        {
            "shape": SHAPES[s.labels[i, k]],
            "color": COLOR_NAMES[s.colors[i, k]],
            "texture": TEXTURE_NAMES[s.textures[i, k]],
            "x": float(s.centers[i, k, 0]),
            "y": float(s.centers[i, k, 1]),
        }
        for k in range(int(s.count[i]))
    ]


def fits(thing, words):
    color, texture, shape = words
    return (thing["color"], thing["texture"], thing["shape"]) == (color, texture or "plain", shape)


def holds(a, relation, b):
    return {
        "left of": a["x"] < b["x"],
        "right of": a["x"] > b["x"],
        "above": a["y"] < b["y"],
        "below": a["y"] > b["y"],
    }[relation]


def test_captions_are_true(world):
    forms = Counter()
    for i, caption in enumerate(world.captions):
        scene = objects(world, i)
        assert re.search(rf"\ba (?:{'|'.join(c for c in COLOR_NAMES if c[0] in 'aeiou')})\b", caption) is None
        if one := re.fullmatch(THING, caption):
            assert len(scene) == 1 and fits(scene[0], one.groups())
            forms["one"] += 1
        elif two := re.fullmatch(rf"{THING} ({RELATION}) {THING}(?: and (\d) more shapes?)?", caption):
            g = two.groups()
            assert len(scene) == 2 + int(g[7] or 0)
            pairs = [
                (a, b) for a in scene for b in scene if a is not b and fits(a, g[:3]) and fits(b, g[4:7])
            ]
            assert any(holds(a, g[3], b) for a, b in pairs), caption
            forms["two"] += 1
        else:
            head, rest = caption.split(" shapes: ")
            said = re.findall(THING, rest)
            assert re.fullmatch(rf"(?:{THING}, )*{THING} and {THING}", rest), caption
            assert head == NUMBERS[len(scene)] and len(said) == len(scene)
            ordered = sorted(scene, key=lambda o: o["x"])
            assert all(fits(thing, words) for thing, words in zip(ordered, said, strict=True)), caption
            forms["list"] += 1
    assert min(forms.values()) > 300 and len(forms) == 3


def solve(question, scene):
    """The answer, found without looking at how the question was made."""
    if question == "how many shapes are there?":
        return "count", NUMBERS[len(scene)]
    if m := re.fullmatch(rf"how many ({COLOR}) shapes are there\?", question):
        return "count color", NUMBERS[sum(o["color"] == m[1] for o in scene)]
    if m := re.fullmatch(rf"is there an? ({COLOR}) ({SHAPE})\?", question):
        return "exist", "yes" if any((o["color"], o["shape"]) == m.groups() for o in scene) else "no"
    if m := re.fullmatch(rf"what (color|texture) is the ({SHAPE})\?", question):
        (thing,) = (o for o in scene if o["shape"] == m[2])
        return m[1], thing[m[1]]
    if m := re.fullmatch(rf"what shape is the ({COLOR}) one\?", question):
        (thing,) = (o for o in scene if o["color"] == m[1])
        return "shape", thing["shape"]
    m = re.fullmatch(rf"is the ({SHAPE}) ({RELATION}) the ({SHAPE})\?", question)
    (a,), (b,) = ([o for o in scene if o["shape"] == m[k]] for k in (1, 3))
    return "relation", "yes" if holds(a, m[2], b) else "no"


def test_answers_are_right(world):
    kinds, yes, none = Counter(), Counter(), 0
    for i, (question, answer) in enumerate(zip(world.questions, world.answers, strict=True)):
        kind, expected = solve(question, objects(world, i))
        assert answer == expected, question
        kinds[kind] += 1
        none += kind == "count color" and answer == "zero"
        if kind in ("exist", "relation"):
            yes[kind, answer] += 1
    assert set(kinds) == {"count", "count color", "exist", "color", "texture", "shape", "relation"}
    assert min(kinds.values()) > 100
    assert none < 0.45 * kinds["count color"]  # most questions are about something that is there
    # Yes or no must not be a good guess by itself.
    for kind in ("exist", "relation"):
        share = yes[kind, "yes"] / (yes[kind, "yes"] + yes[kind, "no"])
        assert 0.42 < share < 0.58, (kind, share)


def test_answer_ids_name_the_answers(world):
    assert len(set(ANSWERS)) == len(ANSWERS)
    assert [ANSWERS[k] for k in world.answer_ids.tolist()] == world.answers


def test_eight_alike_objects_can_be_spoken_of():
    s = shapes(60, objects=(8, 8), radius=(0.06, 0.09), overlap=1.0, min_visible=0.01)
    s.labels[s.labels >= 0] = 0
    s.colors[s.colors >= 0] = 0
    assert len(s.captions) == len(s.questions) == 60
    assert all(
        solve(q, objects(s, i))[1] == a for i, (q, a) in enumerate(zip(s.questions, s.answers, strict=True))
    )
