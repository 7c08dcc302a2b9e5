"""The tiny vision-language model's recipe: tokenizer, lessons, batches, the saved folder."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_tokenizer import SPECIAL, train_tokenizer
from tiny_vlm import Run, Settings, main, optimizer, rate
from tiny_vlm_batches import IGNORED, answer_loss, collate, tokenized
from tiny_vlm_exam import names_exactly, replies
from tiny_vlm_lessons import draw_lesson, task_lesson
from tiny_vlm_model import VISION, VOCABULARY, new_model, save
from tiny_vlm_sight import NOTHING, SightHeads, labels, sight_batch
from transformers import AutoTokenizer, PreTrainedTokenizerBase, Qwen3VLForConditionalGeneration

from vino.data.world.captions import long_caption
from vino.data.world.layout import with_object, without
from vino.data.world.scene import Background, Scene, SceneObject
from vino.data.world.vocabulary import TRAINING_CONCEPTS, concept
from vino.evaluate.world.contests import UNSEEN_WORDS
from vino.model.vision import VisionConfig
from vino.model.vlm import VLM
from vino.prompt import REWRITE_TEXT, SYSTEM_TEXT

TEXTS = ["a dog on a plain red background", "Image 1: replace the dog with a top hat"] * 4
DOG_AND_HAT = Scene(
    Background("plain", "red"),
    (SceneObject(concept("dog"), x=0.25, size=0.4), SceneObject(concept("top hat"), x=0.75)),
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    return train_tokenizer(TEXTS, 512, tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def vlm(tokenizer: PreTrainedTokenizerBase) -> VLM:
    torch.manual_seed(0)
    return VLM(new_model(tokenizer), tokenizer, VISION)


@pytest.mark.parametrize("text", ["a dog", "naïve 日本 🙂\n\n\tx  1234 DON'T", "\x00\x7f ", ""])
def test_any_text_comes_back(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_the_frame_of_a_chat_is_short(tokenizer: PreTrainedTokenizerBase) -> None:
    for text in (*SPECIAL, SYSTEM_TEXT, REWRITE_TEXT):
        assert len(tokenizer(text, add_special_tokens=False)["input_ids"]) == 1
    assert SYSTEM_TEXT not in tokenizer.all_special_tokens
    both = tokenizer(SYSTEM_TEXT + REWRITE_TEXT, add_special_tokens=False)["input_ids"]
    assert len(both) == 2 and tokenizer.decode(both) == SYSTEM_TEXT + REWRITE_TEXT


def test_written_special_tokens_can_be_read_as_plain_text(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    ids = tokenizer("<|vision_start|>", add_special_tokens=False, split_special_tokens=True)
    assert not set(ids["input_ids"]) & set(tokenizer.all_special_ids)


def test_a_lesson_is_a_function_of_its_number() -> None:
    for index in range(12):
        one, two = draw_lesson(0, index), draw_lesson(0, index)
        assert str(one.chat) == str(two.chat) and one.answer == two.answer
        for a, b in zip(one.chat.images, two.chat.images, strict=True):
            assert np.array_equal(a.pixels, b.pixels)


def test_a_request_is_answered_by_the_caption_of_its_target() -> None:
    lesson = task_lesson("replace", 0, 5)
    assert lesson.chat.system == SYSTEM_TEXT + REWRITE_TEXT
    assert len(lesson.chat.images) == 1 and lesson.answer.startswith("A picture of ")
    assert task_lesson("i2v", 0, 5).answer.startswith("A clip of ")


def test_only_the_answer_is_learned(vlm: VLM) -> None:
    lesson = task_lesson("background", 0, 3)
    row = tokenized(vlm, lesson)
    targets = collate([row, tokenized(vlm, draw_lesson(0, 1))], pad=0).targets[0]
    learned = vlm.tokenizer.decode(targets[targets != IGNORED])
    assert learned == lesson.answer + "<|im_end|>"


def test_padding_changes_nothing(vlm: VLM) -> None:
    rows = [tokenized(vlm, task_lesson(task, 0, 1)) for task in ("t2i", "remove", "subject_clip")]
    with torch.no_grad():
        alone = [answer_loss(vlm.model, collate([row], 0))[0] for row in rows]
        together, _ = answer_loss(vlm.model, collate(rows, 0))
    answers = torch.tensor([float(len(row) - row.prompt) for row in rows])
    expected = (torch.stack(alone) * answers).sum() / answers.sum()
    assert torch.allclose(together, expected, atol=1e-5)


def test_the_vision_tower_learns_from_scenes() -> None:
    torch.manual_seed(0)
    model = new_model()
    heads = SightHeads(160)
    batch = sight_batch(np.random.default_rng(0), 4)
    loss, right = heads(model.model.visual, batch)
    loss.backward()
    assert batch.concepts.shape == (4, 16) and set(right) == {"objects", "colours"}
    assert model.model.visual.patch_embed.proj.weight.grad is not None


def test_labels_say_which_token_shows_what() -> None:
    shown = labels(DOG_AND_HAT, 4).reshape(4, 4)
    assert shown[1, 0] == TRAINING_CONCEPTS.index(concept("dog"))
    assert shown[2, 3] == TRAINING_CONCEPTS.index(concept("top hat"))
    assert (shown[0, :2] == NOTHING).all()


def test_the_saved_folder_is_small_and_loads(vlm: VLM, tmp_path: Path) -> None:
    save(vlm.model, vlm.tokenizer, tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size <= 5.2e6
    model = Qwen3VLForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32)
    assert model.config.text_config.vocab_size == VOCABULARY
    assert VisionConfig.from_folder(tmp_path) == VISION
    loaded = VLM(model, AutoTokenizer.from_pretrained(tmp_path), VISION)
    lessons = [task_lesson(task, 0, 1) for task in ("t2i", "add", "edit_ref")]
    alone = [replies(loaded, [lesson], most=3)[0] for lesson in lessons]
    assert replies(loaded, lessons, most=3) == alone


def test_a_picture_of_64_pixels_is_16_tokens(vlm: VLM) -> None:
    tokens = vlm.tokenize(task_lesson("remove", 0, 0).chat)
    assert int((tokens.types == 1).sum()) == 16


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    settings = Settings(out=tmp_path)

    def fresh() -> Run:
        model = new_model()
        return Run(model, new_model(), optimizer(list(model.parameters()), settings))

    run = fresh()
    run.step, run.pool, run.minutes = 7, 3, 0.5
    run.write(tmp_path / "last.pt")
    resumed = fresh()
    resumed.read(tmp_path / "last.pt")
    assert (resumed.step, resumed.pool, resumed.minutes) == (7, 3, 0.5)
    first, second = run.model.state_dict(), resumed.model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_rate_rises_then_falls() -> None:
    settings = Settings(out=Path())
    rates = [rate(settings, progress) for progress in (0.0, 0.05, 0.5, 1.0)]
    assert rates[0] < rates[3] < rates[2] < rates[1]


def test_an_exam_reads_which_objects_a_caption_names() -> None:
    caption = long_caption(DOG_AND_HAT)
    assert names_exactly(caption, DOG_AND_HAT)
    assert not names_exactly(caption.replace("a dog", "a frog", 1), DOG_AND_HAT)
    assert not names_exactly(long_caption(Scene()), DOG_AND_HAT)
    assert names_exactly(long_caption(Scene()), Scene())


def test_an_exam_reads_paints_and_counts() -> None:
    painted = with_object(DOG_AND_HAT, 0, tint="blue")
    assert names_exactly(long_caption(painted), painted)
    assert not names_exactly(long_caption(painted), DOG_AND_HAT)
    assert not names_exactly(long_caption(DOG_AND_HAT), painted)
    three = Scene(objects=tuple(SceneObject(concept("dog"), x=x) for x in (0.2, 0.5, 0.8)))
    assert names_exactly(long_caption(three), three)
    assert not names_exactly(long_caption(without(three, 0)), three)


def test_people_word_requests_as_evaluation_never_does() -> None:
    unseen = [form.split("{")[0] for form in UNSEEN_WORDS["t2i"]]
    texts = [lesson.chat.text for lesson in map(partial(draw_lesson, 5), range(300))]
    worded = [
        text for text in texts if re.match("can you make|paint |i need |give me ", text, re.I)
    ]
    assert len(worded) > 3
    assert not [text for text in texts for start in unseen if start and text.startswith(start)]


def test_an_other_model_can_be_gone_on_from(
    tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    start, out = tmp_path / "start", tmp_path / "out"
    torch.manual_seed(0)
    save(new_model(tokenizer), tokenizer, start)
    settings = Settings(out=out, start=start, minutes=0.01, exam=0)
    main(settings)
    before, after = (
        Qwen3VLForConditionalGeneration.from_pretrained(folder).state_dict()
        for folder in (start, out / "final")
    )
    moved = [
        (before[name].float() - after[name].float()).abs().mean() / before[name].float().std()
        for name in before
        if before[name].ndim > 1
    ]
    assert max(moved) > 0 and np.mean(moved) < 0.2
    assert not (out / "sight.pt").exists()
