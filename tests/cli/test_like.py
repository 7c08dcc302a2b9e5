"""--like makes a file again, bit for bit; what is given changes one thing."""

import shutil

import pytest

from vino.media import Frames, read_clip, read_picture, read_recipe

PROMPT = "a dog on a plain white background"


def same(one, other) -> bool:
    read = read_clip if str(one).endswith(".mp4") else read_picture
    return bool((read(one).pixels == read(other).pixels).all())


def test_a_picture_again(vino):
    vino("generate", PROMPT, "--seed", 5, "--steps", 3, "--size", "40x24", "-o", "a.png")
    said = vino("generate", "--like", "a.png", "-o", "again.png")
    assert (said.code, said.err) == (0, "")
    assert same("a.png", "again.png")
    assert read_recipe("a.png") == read_recipe("again.png")


def test_each_of_several_again(vino):
    vino("generate", PROMPT, "--n", 3, "-o", "a.png")
    vino("generate", "--like", "a-2.png", "-o", "again.png")
    assert same("a-2.png", "again.png")


def test_an_edit_again_with_references_found_by_name(vino, picture, clip, tmp_path, monkeypatch):
    vino("edit", clip, "put Image 1 on Video 1", "--ref", picture, "-o", "b.mp4")
    assert vino("generate", "--like", "b.mp4", "-o", "again.mp4").code == 0
    assert same("b.mp4", "again.mp4")
    monkeypatch.chdir(tmp_path.parent)  # beside the file, wherever one stands
    assert vino("generate", "--like", tmp_path / "b.mp4", "-o", tmp_path / "third.mp4").code == 0
    assert same(tmp_path / "b.mp4", tmp_path / "third.mp4")


def test_references_given_under_another_name(vino, picture):
    vino("generate", "the object in Image 1", "--ref", picture, "-o", "a.png")
    picture.rename("moved.png")
    said = vino("generate", "--like", "a.png", "-o", "again.png")
    assert said.code == 2 and "picture.png" in said.err and "--ref" in said.err
    assert vino("generate", "--like", "a.png", "--ref", "moved.png", "-o", "again.png").code == 0
    assert same("a.png", "again.png")


def test_a_reference_that_changed_is_not_used(vino, picture):
    vino("generate", "the object in Image 1", "--ref", picture, "-o", "a.png")
    pixels = read_picture(picture).pixels.copy()
    pixels[0, 0, 0] = 7
    Frames(pixels).save(picture)
    said = vino("generate", "--like", "a.png")
    assert said.code == 2 and "changed since" in said.err and said.err.count("\n") == 1
    said = vino("generate", "--like", "a.png", "--ref", picture)
    assert said.code == 2 and "picture.png" in said.err


def test_names_in_a_recipe_are_names_not_paths(vino, picture, tmp_path):
    """A stranger's file cannot make vino read other folders."""
    secret = tmp_path / "secret"
    secret.mkdir()
    shutil.move(picture, secret / "picture.png")
    vino("generate", "the object in Image 1", "--ref", "secret/picture.png", "-o", "a.png")
    recipe = read_recipe("a.png")
    recipe["prompt"][0]["name"] = "secret/picture.png"
    Frames(read_picture("a.png").pixels, recipe=recipe).save("b.png")
    assert vino("generate", "--like", "b.png").code == 2


def test_what_is_given_changes_that_alone(vino, picture):
    vino("generate", "the object in Image 1", "--ref", picture, "--steps", 3, "-o", "a.png")
    said = vino("generate", "Image 1 at night", "--like", "a.png", "--seed", 4, "--guidance", 3,
                "--size", "24x40", "-o", "b.png")  # fmt: skip
    assert said.code == 0
    old, new = read_recipe("a.png"), read_recipe("b.png")
    assert new["seed"] == 4 and new["size"] == [24, 40]
    assert new["sampling"] == old["sampling"] | {"guidance": 3.0}
    assert new["prompt"][0] == old["prompt"][0]
    assert new["prompt"][1]["text"] == "Image 1 at night"


def test_another_model_is_a_warning(vino):
    vino("generate", PROMPT, "-o", "a.png")
    recipe = read_recipe("a.png")
    recipe["model"] = {"name": "large", "hash": "ff"}
    Frames(read_picture("a.png").pixels, recipe=recipe).save("b.png")
    said = vino("generate", "--like", "b.png", "-o", "c.png")
    assert said.code == 0
    assert said.err.startswith("vino: warning: b.png was made by another model (large)")


DOGS = {"name": "dogs", "hash": "d0" * 32, "strength": 0.5}
CATS = {"name": "cats", "hash": "ca" * 32, "strength": 1.0}


@pytest.mark.parametrize(
    ("recorded", "loaded", "told"),
    [
        ([DOGS], [], "--lora dogs:0.5 (d0d0d0d0d0d0)"),
        ([DOGS], [DOGS | {"strength": 1.0}], "--lora dogs:0.5 (d0d0d0d0d0d0)"),
        ([DOGS], [DOGS | {"hash": "00"}], "--lora dogs:0.5 (d0d0d0d0d0d0)"),
        ([], [DOGS], "no --lora"),
        ([{"hash": 5}], [], "--lora None:None (5)"),
        ([DOGS, CATS], [CATS, DOGS | {"name": "renamed"}], None),
        ("dogs", [], None),
        ([5], [], None),
    ],
)
def test_other_adapters_are_a_warning(vino, random_model, monkeypatch, recorded, loaded, told):
    vino("generate", PROMPT, "-o", "a.png")
    recipe = read_recipe("a.png")
    recipe["model"]["lora"] = recorded
    Frames(read_picture("a.png").pixels, recipe=recipe).save("b.png")
    monkeypatch.setattr(random_model, "identity", random_model.identity | {"lora": loaded})
    said = vino("generate", "--like", "b.png", "-o", "c.png")
    expected = (
        f"vino: warning: b.png was made with {told}: the result will differ; " if told else ""
    )
    assert said.code == 0
    assert said.err.startswith(expected) and bool(said.err) == bool(told)


@pytest.mark.parametrize(
    "damage",
    [
        {"vino": 99}, {"prompt": [5]}, {"prompt": None}, {"size": "big"}, {"size": [-1, 4]},
        {"seed": -3}, {"frames": "two"}, {"sampling": {"steps": "many"}}, {"sampling": 3},
        {"sampling": {"guidance": "x"}}, {"prompt": [{"kind": "text", "text": 5}]},
        {"prompt": [{"kind": "image"}]}, {"prompt": [{"kind": "image", "sha256": 5}]},
        {"prompt": [{"kind": "image", "sha256": "0", "name": 5}]},
        {"prompt": [{"kind": ["image"], "sha256": "0"}]},
    ],
)  # fmt: skip
def test_damaged_recipes_are_refused(vino, damage):
    vino("generate", PROMPT, "-o", "a.png")
    recipe = read_recipe("a.png") | damage
    Frames(read_picture("a.png").pixels, recipe=recipe).save("b.png")
    said = vino("generate", "--like", "b.png")
    assert said.code == 2 and said.err.count("\n") == 1


def test_a_file_without_a_recipe_is_refused(vino, picture):
    said = vino("generate", "--like", picture)
    assert said.code == 2 and "picture.png" in said.err
