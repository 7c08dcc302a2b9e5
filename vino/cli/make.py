"""generate, edit, animate and rewrite."""

import json
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vino.cli.console import Console
from vino.cli.govern import terms_of
from vino.cli.output import Names, check_writable, preview_of
from vino.cli.progress import Watch
from vino.errors import InputError
from vino.govern.terms import LOCAL, Terms
from vino.media import Frames, check_output, is_clip_file
from vino.prompt import Image, Medium, Video, attach
from vino.request import MAX_SEED

SAMPLING = ("steps", "guidance", "image_guidance", "shift", "solver", "negative")

Maker = Callable[[int, Watch], Frames]
"""(seed, watch) -> the result."""


@dataclass(frozen=True)
class Planned:
    """What is known of the results before they are made. seed: of the first."""

    terms: Terms
    is_clip: bool
    seed: int


def generate(args: Namespace, console: Console) -> int:
    """A picture or clip from a prompt, or the one of a file again."""
    if args.like is not None:
        return _again(args, console)
    if args.prompt is None:
        raise InputError(
            'there is no prompt: vino generate "what to make", and --ref only after it '
            "(or --like FILE)"
        )
    prompt = attach(args.prompt, [read(path) for path in args.ref])
    terms = terms_of(args)
    model = open_model(args, console)
    frames = args.frames
    if frames is None and (args.output or "").lower().endswith(".mp4"):
        frames = model.defaults.frames

    def make(seed: int, watch: Watch) -> Frames:
        return model.generate(
            prompt, size=args.size, frames=frames, seed=seed, watch=watch, **settings(args)
        )

    planned = Planned(terms, is_clip=(frames or 1) > 1, seed=args.seed or 0)
    return _produce(args, console, make, planned)


def edit(args: Namespace, console: Console) -> int:
    """The source changed as instructed."""
    source = read(args.source)
    references = [read(path) for path in args.ref]
    terms = terms_of(args)
    model = open_model(args, console)

    def make(seed: int, watch: Watch) -> Frames:
        options = {"seed": seed, "watch": watch, **settings(args)}
        return model.edit(source, args.instruction, references=references, **options)

    planned = Planned(terms, is_clip=isinstance(source, Video), seed=args.seed or 0)
    return _produce(args, console, make, planned)


def animate(args: Namespace, console: Console) -> int:
    """A clip that begins with the picture."""
    Image(args.picture)  # refused before the model is loaded
    terms = terms_of(args)
    model = open_model(args, console)

    def make(seed: int, watch: Watch) -> Frames:
        return model.animate(
            args.picture, args.prompt, frames=args.frames, seed=seed, watch=watch, **settings(args)
        )

    planned = Planned(terms, is_clip=args.frames != 1, seed=args.seed or 0)
    return _produce(args, console, make, planned)


def rewrite(args: Namespace, console: Console) -> int:
    """The caption of what the prompt asks for."""
    prompt = attach(args.prompt, [read(path) for path in args.ref])
    caption = open_model(args, console).rewrite(prompt, seed=args.seed or 0)
    print(json.dumps({"prompt": args.prompt, "caption": caption}) if args.json else caption)
    return 0


def _again(args: Namespace, console: Console) -> int:
    """--like: the request of a file's recipe, with what was given changed."""
    from vino.cli.like import changed, remake  # needs torch, which a missing prompt does not

    recorded, maker = remake(args.like, args.ref)
    request = changed(recorded, args.prompt, args.size, args.frames, settings(args))
    terms = terms_of(args)
    model = open_model(args, console)
    for warning in _differences(args.like, maker, model.identity):
        console.warn(warning)

    def make(seed: int, watch: Watch) -> Frames:
        return model.run([replace(request, seed=seed)], watch)[0]

    frames, base = request.frames, request.prompt.base
    is_clip = isinstance(base, Video) if frames is None else frames > 1
    seed = request.seed if args.seed is None else args.seed
    return _produce(args, console, make, Planned(terms, is_clip, seed))


def _differences(path: Path, maker: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    """Why the model's result will not be the file's, as far as its maker is known."""
    if maker.get("hash") != model.get("hash"):
        yield (
            f"{path} was made by another model ({maker.get('name', 'unknown')}): the result "
            "will differ; choose the model with --model"
        )
    if _keys(used := _adapters(maker)) != _keys(_adapters(model)):
        listed = [f"{a.get('name')}:{a.get('strength')} ({a.get('hash')!s:.12})" for a in used]
        yield (
            f"{path} was made with {' '.join(('--lora', *listed)) if listed else 'no --lora'}: the "
            "result will differ; give the same adapters and strengths"
        )


def _adapters(model: dict[str, Any]) -> list[dict[str, Any]]:
    """The adapters named by a recipe, which is a stranger's: what is none is left out."""
    named = model.get("lora")
    return [a for a in named if isinstance(a, dict)] if isinstance(named, list) else []


def _keys(adapters: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """What tells adapters apart, in whatever order and by whatever name they were given."""
    return sorted(((a.get("hash"), a.get("strength")) for a in adapters), key=str)


def read(path: Path) -> Medium:
    """A file as a reference: moving or not decides its kind."""
    return Video(path) if is_clip_file(path) else Image(path)


def open_model(args: Namespace, console: Console) -> Any:
    """The model asked for. Importing it takes seconds, so everything cheap is checked before."""
    from vino import generate as library

    started = time.monotonic()
    added: dict[str, Any] = {"lora": dict(args.lora)} if args.lora else {}
    model = library.load(args.model, device=args.device, **added)
    console.detail(f"loaded {args.model} on {model.vino.device} in {_seconds(started):.1f} s")
    return model


def settings(args: Namespace) -> dict[str, Any]:
    """Sampling settings that were given."""
    given = {name: getattr(args, name) for name in SAMPLING}
    return {name: value for name, value in given.items() if value is not None}


def _produce(args: Namespace, console: Console, make: Maker, planned: Planned) -> int:
    """Make everything asked for, one after the other, so that each can be made again alone.

    (Packed together they agree to 1e-5, which is not bit for bit.)
    """
    started = time.monotonic()
    seed, is_clip = planned.seed, planned.is_clip
    if seed + args.n - 1 > MAX_SEED:
        raise InputError(f"seed {seed} and the {args.n - 1} after it pass {MAX_SEED}: lower --seed")
    names = Names(args.output, range(seed, seed + args.n))
    check_output(names.name(0, is_clip), is_clip)
    check_writable(names.name(0, is_clip))
    paths: list[Path] = []
    for index, number in enumerate(names.seeds):
        label = f"{index + 1}/{args.n}" if args.n > 1 else ""
        preview = preview_of(names.name(index, is_clip), is_clip) if args.preview else None
        if preview is not None:
            console.note(f"preview in {preview}")
        with Watch(console, label, preview) as watch:
            frames = make(number, watch)
        path = names.name(index, frames.is_clip)
        paths.append(planned.terms.save(frames, path, who=LOCAL, job=args.command))
        if not args.json:
            print(paths[-1], flush=True)
    _tell(console, frames, getattr(args, "frames", None), _seconds(started))
    if args.json:
        print(json.dumps(_summary(paths, names.seeds, frames, _seconds(started))))
    return 0


def _tell(console: Console, frames: Frames, asked: int | None, seconds: float) -> None:
    """Sizes that a person would not expect, and with -v the time."""
    recipe = frames.recipe or {}
    size = frames.size
    if any(segment.get("base") for segment in recipe.get("prompt", ())):
        console.note(f"worked at {recipe['worked_at']}; the result is {size.width}x{size.height}")
    if asked is not None and asked != size.frames:
        console.note(f"made {size.frames} frames, not {asked}: the model makes 4k + 1 of them")
    console.detail(f"took {seconds:.1f} s")


def _summary(paths: list[Path], seeds: range, frames: Frames, seconds: float) -> dict[str, Any]:
    """What --json prints; the recipe is the last result's, the others differ in their seed."""
    recipe = frames.recipe or {}
    return {
        "paths": [str(path) for path in paths],
        "seeds": list(seeds),
        "size": [frames.size.width, frames.size.height],
        "frames": frames.size.frames,
        "worked_at": recipe.get("worked_at"),
        "seconds": round(seconds, 3),
        "recipe": recipe,
    }


def _seconds(started: float) -> float:
    return time.monotonic() - started
