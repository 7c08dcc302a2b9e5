"""The judge on scenes whose truth is known, whole and damaged."""

import numpy as np
import pytest

from vino.data.world.render import render
from vino.data.world.scene import Background, Camera, Motion, Scene, SceneObject
from vino.data.world.tasks import plan
from vino.data.world.vocabulary import FIRST_LIGHT, WHOLE, concept
from vino.evaluate.backdrop import find_backdrop
from vino.evaluate.damage import blurred, noisy
from vino.evaluate.judge import Judge, Reading
from vino.evaluate.motion import read_clip

COUNT = 24


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def scenes(vocabulary) -> list[Scene]:
    split = "train" if vocabulary is WHOLE else "held-out"
    return [plan("t2i", 3, i, vocabulary, split).target.scene for i in range(COUNT)]


def is_right(scene: Scene, reading: Reading) -> bool:
    """Everything: background, number, names, places, sizes."""
    if (reading.backdrop.kind, reading.backdrop.first) != ("plain", scene.background.first):
        return False
    if len(reading.objects) != len(scene.objects):
        return False
    pairs = [(t, f) for t in scene.objects for f in reading.objects if f.concept == t.concept]
    return len(pairs) == len(scene.objects) and all(
        f.is_recognised
        and max(abs(f.x - t.x), abs(f.y - t.y)) < 0.05
        and abs(f.size / t.size - 1) < 0.2
        for t, f in pairs
    )


@pytest.mark.parametrize(
    "damage, least",
    [(None, 0.97), (blurred, 0.93), (noisy(10), 0.97), (noisy(25), 0.93)],
    ids=["rendered", "blur", "noise 10", "noise 25"],
)
def test_reads_everything(judge, damage, least):
    right = []
    for scene in scenes(FIRST_LIGHT):
        picture = render(scene, 64)
        right.append(is_right(scene, judge.read((damage(picture) if damage else picture)[0])))
    assert np.mean(right) >= least


def test_reads_all_concepts(judge):
    right = [is_right(scene, judge.read(render(scene, 64)[0])) for scene in scenes(WHOLE)]
    assert np.mean(right) >= 0.9


def test_nothing_is_nothing(judge):
    reading = judge.read(render(Scene(Background("plain", "teal")), 64)[0])
    assert (reading.objects, reading.backdrop.first) == ((), "teal")


def test_noise_alone_is_not_recognised(judge):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert not any(found.is_recognised for found in judge.read(picture).objects)


@pytest.mark.parametrize("kind", ["stripes", "checkerboard", "polka dots", "sky and ground",
                                  "vertical gradient", "radial gradient", "grid"])  # fmt: skip
def test_finds_the_background_behind_things(kind):
    dog = SceneObject(concept("dog"), "flat", 0.5, 0.5, 0.6)
    scene = Scene(Background(kind, "navy", "beige"), (dog,))
    found = find_backdrop(render(scene, 64)[0])
    assert (found.kind, found.first, found.second) == (kind, "navy", "beige")


@pytest.mark.parametrize(
    "motion, x, y",
    [
        (Motion("still"), 0.5, 0.5),
        (Motion("slide", "right", 0.3), 0.3, 0.5),
        (Motion("slide", "left", 0.3), 0.7, 0.5),
        (Motion("slide", "up", 0.3), 0.5, 0.7),
        (Motion("slide", "down", 0.2), 0.5, 0.3),
        (Motion("grow"), 0.5, 0.5),
        (Motion("shrink"), 0.5, 0.5),
        (Motion("fade out"), 0.5, 0.5),
    ],
    ids=str,
)
@pytest.mark.parametrize("damage", [None, noisy(15)], ids=["rendered", "noise"])
def test_names_motions(judge, motion, x, y, damage):
    thing = SceneObject(concept("hamburger"), "flat", x, y, 0.36, motion)
    clip = render(Scene(Background("plain", "blue"), (thing,), Camera()), 64, 9)
    reading = read_clip(judge, damage(clip) if damage else clip)
    assert [path.motion() for path in reading.paths] == [(motion.kind, motion.direction)]


def test_follows_two_objects_apart(judge):
    things = (
        SceneObject(concept("dog"), "flat", 0.27, 0.5, 0.3, Motion("slide", "up", 0.25)),
        SceneObject(concept("star"), "flat", 0.73, 0.5, 0.3),
    )
    clip = render(Scene(Background("plain", "purple"), things), 64, 9)
    reading = read_clip(judge, clip)
    assert [path.motion()[0] for path in reading.paths] == ["slide", "still"]
