"""What the network is given: dropout, withheld latents, times, seeds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests import tiny
from tests.train.fake import KINDS, SIDE, STAGE, Example, example, noise
from vino.prompt import Image, Prompt
from vino.train.frozen import Frozen
from vino.train.prepare import ReferenceGrid, condition, draw_times, kept, prepare

GRID = ReferenceGrid(SIDE * SIDE, 8, 241)
WHOLE = replace(STAGE, dropout=0.0)


def test_each_modality_is_dropped_on_its_own():
    stage = replace(STAGE, dropout=0.1)
    drawn = np.array([kept(stage, 1, f"k{i}") for i in range(4000)])
    assert np.allclose(1 - drawn.mean(0), 0.1, atol=0.02)
    assert abs(np.corrcoef(drawn.T)[np.triu_indices(3, 1)]).max() < 0.05


def test_media_can_be_dropped_for_a_whole_step():
    stage = replace(STAGE, dropout=0.5, drop_together=True)
    steps = [[kept(stage, step, f"k{i}") for i in range(8)] for step in range(40)]
    assert all(len({row[1:] for row in rows}) == 1 for rows in steps)
    assert len({rows[0][1:] for rows in steps}) == 4
    assert any(len({row[0] for row in rows}) == 2 for rows in steps), "texts are still on their own"


def test_dropout_takes_media_from_the_chat_and_from_the_latents():
    edit = example(KINDS.index("edit"))
    none = condition(edit, replace(STAGE, dropout=1.0), 0, GRID)
    assert (none.chat.text, none.chat.images, none.references) == ("", (), ())
    every = condition(edit, WHOLE, 0, GRID)
    assert every.chat.text and len(every.chat.images) == len(every.references) == 1


def test_reconstruction_shows_the_picture_to_the_vlm_alone():
    made = condition(example(KINDS.index("reconstruct")), WHOLE, 0, GRID)
    assert len(made.chat.images) == 1 and made.references == ()


def test_pictures_come_in_random_order():
    pictures = [Image(noise(np.random.default_rng(i)), base=i == 1) for i in range(2)]
    prompt = Prompt(*pictures, "Image 1 into the other")
    two = Example(prompt, noise(np.random.default_rng(3)), "edit", "two")
    free = replace(WHOLE, shuffle=True)
    assert condition(two, WHOLE, 0, GRID).chat.text == prompt.text
    seen = [condition(two, free, seed, GRID) for seed in range(20)]
    turned = [m for m in seen if m.chat.text == "Image 2 into the other"]
    assert 4 < len(turned) < 16 and len({m.chat.text for m in seen}) == 2
    assert np.array_equal(turned[0].references[0].pixels, pictures[1].frames.pixels)
    assert condition(two, free, 7, GRID).chat.text == condition(two, free, 7, GRID).chat.text
    counted = Example(Prompt(*pictures, "the second image"), two.target, "select", "counted")
    for seed in range(8):  # its words would name another picture
        kept = condition(counted, free, seed, GRID).references[1]
        assert np.array_equal(kept.pixels, pictures[1].frames.pixels)


def test_times_follow_the_density_and_the_shift():
    draw = lambda **changes: draw_times(  # noqa: E731
        20_000, replace(STAGE, **changes), torch.Generator().manual_seed(0)
    )
    assert draw(shift=1.0).median() == pytest.approx(0.5, abs=0.01)
    assert draw(shift=1.0).std() == pytest.approx(0.2083, abs=0.005)  # of sigmoid(N(0, 1))
    assert draw(shift=3.0).median() == pytest.approx(0.75, abs=0.01)
    assert draw(shift=1.0, uniform=1.0).std() == pytest.approx(12**-0.5, abs=0.005)


def test_a_sample_does_not_depend_on_its_neighbours():
    vino = Frozen(tiny.vino())
    alone = prepare(vino, [example(1)], WHOLE, 5, GRID)
    among = prepare(vino, [example(i) for i in range(5)], WHOLE, 5, GRID)
    i = among.tasks.index("edit")
    assert torch.equal(alone.noise[0], among.noise[i]) and alone.t[0] == among.t[i]
    torch.testing.assert_close(alone.targets[0], among.targets[i])
    torch.testing.assert_close(alone.references[0][0], among.references[i][0])
    assert not torch.equal(alone.noise[0], prepare(vino, [example(1)], WHOLE, 6, GRID).noise[0])


def test_tokens_count_visual_and_context():
    vino = Frozen(tiny.vino())
    batch = prepare(vino, [example(1), example(3)], WHOLE, 0, GRID)
    text = sum(len(p.hidden) + 4 for p in batch.prompts)
    assert batch.tokens((1, 1, 1), queries=4) == 16 + 16 + 2 * 16 + text
