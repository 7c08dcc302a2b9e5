"""--like: the request that made a file, read from its recipe."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.media import content_hash, is_clip_file, read_recipe, recipe_media
from vino.prompt import Image, Medium, Video, attach
from vino.request import Request, read_request

KINDS: dict[str, type[Medium]] = {"image": Image, "video": Video}


def remake(path: Path, given: Sequence[Path]) -> tuple[Request, dict[str, Any]]:
    """The request that made `path`, and what is known of the model that made it.

    References are looked for among the given files, then by their names beside `path` and in the
    current folder; only the very same content counts. InputError when one is not found, when a
    given file is none of them, and when `path` has no recipe.
    """
    recipe = read_recipe(path)
    needed = _needed(recipe, path)
    for file in given:
        is_clip_file(file)  # unreadable files are refused by name
    found: dict[str, Medium] = {}
    used: set[Path] = set()
    for kind, sha256, name in needed:
        # A recipe comes from a stranger's file: its names are names, not paths.
        beside = [folder / Path(name).name for folder in (path.parent, Path())] if name else []
        for file in (*given, *beside):
            medium = _open(file, kind)
            if medium is not None and content_hash(medium.frames) == sha256:
                found[sha256] = medium
                used.add(file)
                break
        else:
            raise InputError(_missing(path, name, sha256, beside))
    if strangers := [str(file) for file in given if file not in used]:
        raise InputError(
            f"{', '.join(strangers)}: not among the references of {path}, or changed since; "
            "leave it out or give the file that was used"
        )
    model = recipe.get("model")
    return read_request(recipe, list(found.values())), model if isinstance(model, dict) else {}


def changed(
    request: Request,
    text: str | None,
    size: tuple[int, int] | None,
    frames: int | None,
    settings: dict[str, Any],
) -> Request:
    """The request with what is not None in place of its own; a new text names the references."""
    return replace(
        request,
        prompt=request.prompt if text is None else attach(text, request.prompt.media),
        size=size or request.size,
        frames=frames or request.frames,
        sampling=request.sampling.changed(**settings),
    )


def _needed(recipe: dict[str, Any], path: Path) -> list[tuple[str, str, str]]:
    """(kind, sha256, file name) of every reference."""
    try:
        needed = recipe_media(recipe)
    except (KeyError, TypeError, AttributeError):
        needed = [("", "", "damaged")]
    if not all(isinstance(sha256, str) and sha256 for _, sha256, _ in needed):
        raise InputError(f"the recipe in {path} is damaged: give a file that vino wrote, unchanged")
    return [(kind, sha256, name if isinstance(name, str) else "") for kind, sha256, name in needed]


def _open(file: Path, kind: str) -> Medium | None:
    """The file as a reference of this kind, or None if it cannot be one."""
    try:
        return KINDS[kind](file) if file.is_file() else None
    except InputError:
        return None


def _missing(path: Path, name: str, sha256: str, beside: Sequence[Path]) -> str:
    changed = [str(file) for file in beside if file.is_file()]
    if changed:
        return (
            f"{changed[0]} is not the reference {path} was made with (it has changed since): give "
            "the original with --ref"
        )
    return (
        f"the reference {name or 'without a name'} (sha256 {sha256[:12]}…) of {path} is not "
        "beside it nor here: give it with --ref"
    )
