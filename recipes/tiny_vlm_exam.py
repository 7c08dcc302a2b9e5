"""How well the tiny vision-language model sees and rewrites, on scenes kept for evaluation."""

from pathlib import Path

import torch
from tiny_tokenizer import PAD
from tiny_vlm_batches import answer_loss, collate, tokenized
from tiny_vlm_lessons import PAINTED, Lesson, describe, task_lesson
from torch.nn import functional as F
from transformers import AutoTokenizer, Qwen3VLForConditionalGeneration

from vino.data.world.captions import background_words, group_words, is_group, reading_order
from vino.data.world.scene import Scene
from vino.data.world.tasks import plan
from vino.data.world.vocabulary import FIRST_LIGHT, WHOLE, Vocabulary, name_of
from vino.model.vision import VisionConfig
from vino.model.vlm import VLM

SCENES = 48  # of an exam
VOCABULARIES = {"first_light": FIRST_LIGHT, "painted": PAINTED, "whole": WHOLE}


def examine(folder: Path, scenes: int = SCENES, show: int = 0) -> dict[str, float]:
    """Shares of held-out scenes described and rewritten correctly.

    A name says what was asked: .../described, the caption of a picture; .../rewritten, that of a
    short request; names of tasks, that of what an edit should give. And it says what was counted:
    _tokens, those of the right answer predicted from those before them; _objects, the first
    sentence names exactly the scene's objects; _each_object, a single object is named;
    _background, it is named; _exact, the caption is the reference word for word. The scenes are
    of first-light concepts, these painted and counted too, or of the whole vocabulary; `show`
    answers of each kind are printed.
    """
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    vlm = VLM(model, AutoTokenizer.from_pretrained(folder), VisionConfig.from_folder(folder))
    figures: dict[str, float] = {}
    for name, vocabulary in VOCABULARIES.items():
        lessons, shown = _of_task("t2i", scenes, vocabulary)
        described = [describe(scene) for scene in shown]
        figures |= _figures(f"{name}/described", vlm, described, shown, show)
        figures |= _figures(f"{name}/rewritten", vlm, lessons, shown, show)
    for task in ("remove", "replace", "background", "edit_ref"):
        lessons, shown = _of_task(task, scenes // 2, FIRST_LIGHT)
        figures |= _figures(f"first_light/{task}", vlm, lessons, shown, show)
    return figures


def token_accuracy(vlm: VLM, lessons: list[Lesson]) -> float:
    """The share of tokens of the right answers that are predicted from those before them."""
    pad = int(vlm.tokenizer.convert_tokens_to_ids(PAD))
    with torch.no_grad():
        batch = collate([tokenized(vlm, lesson) for lesson in lessons], pad)
        return answer_loss(vlm.model, batch)[1]


def _of_task(task: str, count: int, vocabulary: Vocabulary) -> tuple[list[Lesson], list[Scene]]:
    lessons = [task_lesson(task, 9, i, vocabulary, "held-out") for i in range(count)]
    plans = [plan(task, 9, i, vocabulary, "held-out") for i in range(count)]
    return lessons, [drawn.target.scene for drawn in plans]


def _figures(
    name: str, vlm: VLM, lessons: list[Lesson], scenes: list[Scene], show: int
) -> dict[str, float]:
    answers = replies(vlm, lessons)
    for lesson, answer in list(zip(lessons, answers, strict=True))[:show]:
        print(f"{name}: {lesson.chat.text}\n  said:   {answer}\n  wanted: {lesson.answer}")
    pairs = list(zip(answers, scenes, strict=True))
    named = [names_exactly(answer, scene) for answer, scene in pairs]
    each = [name_of(thing.concept) in answer for answer, scene in pairs for thing in scene.objects]
    backdrops = [background_words(scene.background) in answer for answer, scene in pairs]
    exact = [a == lesson.answer for a, lesson in zip(answers, lessons, strict=True)]
    shares = {"objects": named, "each_object": each, "background": backdrops, "exact": exact}
    figures = {f"{name}_tokens": token_accuracy(vlm, lessons)}
    return figures | {f"{name}_{key}": sum(v) / max(1, len(v)) for key, v in shares.items()}


def names_exactly(answer: str, scene: Scene) -> bool:
    """Whether a caption's first sentence names the scene's objects, all and no others.

    Paints and counts included.
    """
    first = answer.split(". ")[0]
    things = reading_order(scene.objects)
    wanted = [" ".join(filter(None, (thing.tint, name_of(thing.concept)))) for thing in things]
    if is_group(scene):
        wanted = [group_words(scene)]
    said = first.partition(" of ")[2].partition(" on ")[0].replace(" and ", ", ").split(", ")
    nouns = [noun.removeprefix("an ").removeprefix("a ") for noun in said]
    return sorted(nouns) == sorted(wanted) if wanted else "nothing" in first


def replies(vlm: VLM, lessons: list[Lesson], most: int = 120) -> list[str]:
    """The model's answers, each token the likeliest; prompts are padded on the left."""
    prompts = [vlm.tokenize(lesson.chat) for lesson in lessons]
    longest = max(len(prompt.ids) for prompt in prompts)
    fill = [longest - len(prompt.ids) for prompt in prompts]
    pad = int(vlm.tokenizer.convert_tokens_to_ids(PAD))
    media = {}
    for pixels, grid, seen in (
        ("pixel_values", "image_grid_thw", [x for prompt in prompts for x in prompt.images]),
        ("pixel_values_videos", "video_grid_thw", [x for prompt in prompts for x in prompt.videos]),
    ):
        if seen:
            media[pixels] = torch.cat([x.patches for x in seen])
            media[grid] = torch.tensor([x.grid for x in seen])
    pairs = list(zip(prompts, fill, strict=True))
    out = vlm.model.generate(
        input_ids=torch.stack([F.pad(p.ids, (n, 0), value=pad) for p, n in pairs]),
        attention_mask=torch.stack([F.pad(torch.ones_like(p.ids), (n, 0)) for p, n in pairs]),
        mm_token_type_ids=torch.stack([F.pad(p.types, (n, 0)) for p, n in pairs]),
        max_new_tokens=most,
        do_sample=False,
        **media,
    )
    return vlm.tokenizer.batch_decode(out[:, longest:], skip_special_tokens=True)
