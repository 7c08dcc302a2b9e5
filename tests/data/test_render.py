"""Drawing scenes: sprites, places, motion, determinism."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vino.data.world.backgrounds import KINDS
from vino.data.world.captions import can_be_tinted
from vino.data.world.render import render
from vino.data.world.scene import Background, Camera, Motion, Scene, SceneObject
from vino.data.world.sprites import load_style, tinted_sprite
from vino.data.world.vocabulary import (
    CAMERAS,
    COLOURS,
    FIRST_LIGHT,
    HELD_OUT_CONCEPTS,
    LOOKS,
    MOTIONS,
    STYLES,
    TINTS,
    TRAINING_CONCEPTS,
    concept,
    concept_names,
    name_of,
)
from vino.errors import InputError

DOG = SceneObject(concept("dog"), x=0.4, y=0.5, size=0.4)


@pytest.mark.parametrize("name", STYLES)
def test_every_core_concept_has_a_sprite_that_fills_its_tile(name: str) -> None:
    style = load_style(name)
    assert set(style.places) == set(concept_names()) and len(style.places) == 473
    ink = style.levels[0][..., 3] > 8
    longest = np.maximum(ink.any(1).sum(-1), ink.any(2).sum(-1))
    assert longest.min() >= 75


def test_colours_never_exceed_their_alpha() -> None:
    sprites = load_style("flat").levels[0]
    assert (sprites[..., :3] <= sprites[..., 3:]).all()


def test_a_plain_background_is_its_colour() -> None:
    for name, colour in COLOURS.items():
        assert (render(Scene(Background("plain", name)), 16) == colour).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_background_kind_is_drawn_at_any_shape(kind: str) -> None:
    drawn = render(Scene(Background(kind, "red", "blue")), (24, 40))
    assert drawn.shape == (1, 24, 40, 3)
    assert (kind == "plain") == (np.ptp(drawn, axis=(0, 1, 2)).max() == 0)


def test_rendering_is_deterministic() -> None:
    scene = Scene(Background("polka dots", "red", "blue"), (DOG,))
    assert np.array_equal(render(scene, 48, 3), render(scene, 48, 3))


def test_an_object_is_painted_where_it_is_said_to_be() -> None:
    empty = Scene(Background("plain", "white"))
    changed = (render(Scene(empty.background, (DOG,)), 100)[0] != render(empty, 100)[0]).any(-1)
    rows, columns = np.nonzero(changed)
    assert abs((columns.min() + columns.max()) / 2 - 39.5) <= 1.5
    assert abs((rows.min() + rows.max()) / 2 - 49.5) <= 1.5
    assert 38 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 43


def test_sizes_agree_across_resolutions() -> None:
    scene = Scene(Background("plain", "green"), (DOG,))
    fine = render(scene, 128)[0].astype(float).reshape(64, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(fine - render(scene, 64)[0]).mean() < 2


def test_a_slide_moves_by_its_amount() -> None:
    scene = Scene(
        objects=(
            SceneObject(concept("star"), x=0.3, size=0.2, motion=Motion("slide", "right", 0.4)),
        )
    )
    clip = render(scene, 100, 5)
    middles = [np.nonzero((frame != clip[0, 0, 0]).any(-1))[1].mean() for frame in clip]
    np.testing.assert_allclose(np.diff(middles), 10, atol=0.7)


def test_the_first_frame_of_a_clip_is_the_picture() -> None:
    scene = Scene(objects=(SceneObject(concept("star"), motion=Motion("slide", "up", 0.2)),))
    assert np.array_equal(render(scene, 32, 5)[0], render(scene, 32)[0])


@pytest.mark.parametrize("kind", [kind for kind in MOTIONS if kind != "fade in"])
def test_every_motion_starts_from_the_still_picture(kind: str) -> None:
    moving = Scene(objects=(SceneObject(concept("star"), motion=Motion(kind, amount=0.1)),))
    clip = render(moving, 32, 9)
    assert np.array_equal(clip[0], render(Scene(objects=(SceneObject(concept("star")),)), 32)[0])
    assert (kind == "still") == np.array_equal(clip[0], clip[1])


def test_fading_in_ends_with_the_picture() -> None:
    scene = Scene(objects=(SceneObject(concept("star"), motion=Motion("fade in")),))
    still = Scene(objects=(SceneObject(concept("star")),))
    assert np.array_equal(render(scene, 32, 3)[-1], render(still, 32)[0])


@pytest.mark.parametrize("size", [32, 33])
@pytest.mark.parametrize("kind", CAMERAS)
def test_every_camera_starts_from_the_still_picture(kind: str, size: int) -> None:
    still = Scene(Background("checkerboard", "red", "blue"), (DOG,))
    clip = render(replace(still, camera=Camera(kind)), size, 3)
    assert np.array_equal(clip[0], render(still, size)[0])
    assert (kind == "static") == np.array_equal(clip[0], clip[1])


def test_a_pan_shifts_the_whole_picture() -> None:
    scene = Scene(Background("stripes", "red", "blue"), (DOG,), Camera("pan right"))
    clip = render(scene, 100, 2)
    assert np.abs(clip[0][:, 30:].astype(int) - clip[1][:, :-30]).max() <= 2


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_changes_the_picture(look: str) -> None:
    scene = Scene(Background("stripes", "red", "blue"), (DOG,))
    changed = render(replace(scene, look=look), (48, 64), 2)
    assert changed.shape == (2, 48, 64, 3)
    assert (changed != render(scene, (48, 64), 2)).mean() > 0.05


def test_a_tint_changes_hue_and_keeps_the_shape() -> None:
    white = Background("plain", "white")
    plain, blue = (render(Scene(white, (replace(DOG, tint=t),)))[0] for t in (None, "blue"))
    ink = (plain != plain[0, 0]).any(-1)
    assert np.array_equal(ink | (blue != blue[0, 0]).any(-1), ink)
    red, _, blueness = blue[ink].mean(0)
    assert blueness > red + 40


def test_painted_things_have_the_colour_said_rather_than_any_other() -> None:
    level, keys = 3, [key for key in FIRST_LIGHT.concepts if can_be_tinted(name_of(key))]
    right = []
    for key, tint in itertools.product(keys, TINTS):
        sprite = tinted_sprite("flat", key, level, tint).astype(np.float32)
        colour = 255 * sprite[..., :3].sum((0, 1)) / sprite[..., 3].sum()
        right.append(min(COLOURS, key=lambda name: np.linalg.norm(colour - COLOURS[name])) == tint)
    assert np.mean(right) > 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: render(Scene(look="cubist")), "the looks are"),
        (lambda: render(Scene(objects=(replace(DOG, motion=Motion("hop")),))), "the motions are"),
        (lambda: render(Scene(camera=Camera("dolly in"))), "the cameras are"),
        (lambda: render(Scene(Background("plaid"))), "the kinds are"),
    ],
)
def test_unknown_kinds_are_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_names_lead_back_to_their_concepts() -> None:
    assert all(concept(name) == key for key, names in concept_names().items() for name in names)
    assert {"dog", "red apple", "top hat"} <= {name_of(key) for key in FIRST_LIGHT.concepts}
    assert len(set(FIRST_LIGHT.concepts)) == 32
    with pytest.raises(InputError, match="no concept"):
        concept("flying carpet")


def test_held_out_concepts_are_the_known_tenth() -> None:
    assert len(HELD_OUT_CONCEPTS) == 47 and len(TRAINING_CONCEPTS) == 426
    assert {"camera", "cow", "mouse"} <= {name_of(key) for key in HELD_OUT_CONCEPTS}
    assert not set(FIRST_LIGHT.concepts) & set(HELD_OUT_CONCEPTS)


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(InputError, match="the styles here are"):
        load_style("cubist")
