"""`--key value` on top of a recipe: typed by the config's own fields, unknown keys refused.

Keys are paths of fields: `--seed 3`, `--saving.every 50`, `--stage2.lr 1e-5` for the stage of
that name, `--stages.steps 2` for every stage, `--stage1.mixture.t2i 40` for one share.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vino.errors import InputError
from vino.train import config as configs
from vino.train.config import TrainConfig

T = TypeVar("T")
STAGES = "stages"
IN_RECIPE = ("feeds", "validation", "build", "card")  # of a run: only a recipe can give these


def read_recipe(name: str) -> TrainConfig:
    """The config that `path.py:function` returns; `recipe` is the function when none is named."""
    path, _, function = name.partition(":")
    file, function = Path(path), function or "recipe"
    if not file.is_file():
        raise InputError(f"{path}: no such recipe; name file.py or file.py:function, then settings")
    spec = importlib.util.spec_from_file_location(f"vino_recipe_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses in a recipe look their module up
    sys.path.insert(0, str(file.parent.resolve()))  # recipes may import their neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    make: Callable[[], Any] | None = getattr(module, function, None)
    config = make() if callable(make) else None
    if not isinstance(config, TrainConfig):
        raise InputError(f"{path}: {function}() is no recipe; it must return a TrainConfig")
    return config


def override(config: TrainConfig, words: Sequence[str]) -> TrainConfig:
    """The config with every `--key value` (or `--key=value`) applied in order."""
    for key, text in _pairs(words):
        config = _set(config, key.split("."), text, key)
    return config


def keys(config: Any, prefix: str = "") -> Iterator[str]:
    """Every key that can be set."""
    for name, value in _settable(config):
        if is_dataclass(value):
            yield from keys(value, f"{prefix}{name}.")
        elif name != STAGES:
            yield f"{prefix}{name}"


def describe(config: Any) -> dict[str, Any]:
    """The config as JSON, without its functions."""
    shown = {}
    own = {f.name for f in fields(config)}
    for name, value in _settable(config):
        if name == STAGES:
            value = [describe(stage) for stage in value]
        elif is_dataclass(value):
            value = describe(value)
        if name in own:  # a stage's name is none
            shown[name] = str(value) if isinstance(value, Path) else value
    return json.loads(json.dumps(shown))


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or len(word) < 3:
            raise InputError(f'"{word}" is not a setting: write --key value')
        key, equals, text = word[2:].partition("=")
        if not equals:
            if not rest:
                raise InputError(f"--{key} needs a value")
            text = rest.pop(0)
        yield key.replace("-", "_"), text


def _settable(config: Any) -> Iterator[tuple[str, Any]]:
    """Fields that are plain settings, and stages by their names."""
    is_run = isinstance(config, TrainConfig)
    for f in fields(config):
        if not (is_run and f.name in IN_RECIPE):
            yield f.name, getattr(config, f.name)
    if is_run:
        yield from ((stage.name, stage) for stage in config.stages)


def _set(config: Any, path: list[str], text: str, key: str) -> Any:
    name, *rest = path
    if isinstance(config, TrainConfig):
        chosen = [s.name for s in config.stages if name in (STAGES, s.name)]
        if chosen and rest:
            changed = (_set(s, rest, text, key) if s.name in chosen else s for s in config.stages)
            return replace(config, stages=tuple(changed))
    settable = {n for n, _ in _settable(config)} - {STAGES}
    if name not in settable or name in [s.name for s in getattr(config, STAGES, ())]:
        raise InputError(f"unknown setting --{key}{_hint(config, name)}")
    value = getattr(config, name)
    if rest and is_dataclass(value):
        return replace(config, **{name: _set(value, rest, text, key)})
    if rest and isinstance(value, Mapping) and len(rest) == 1:
        each = get_args(get_type_hints(type(config), vars(configs) | _NAMES)[name])[1]
        return replace(config, **{name: {**value, rest[0]: _parse(each, text, key)}})
    if rest or is_dataclass(value) or isinstance(value, Mapping):
        raise InputError(f"--{key} is no single setting{_hint(config, name)}")
    kind = get_type_hints(type(config), vars(configs) | _NAMES)[name]
    return replace(config, **{name: _parse(kind, text, key)})


_NAMES: dict[str, Any] = dict.fromkeys(
    ("Feeds", "Vino", "Card", "Examples"), Any
)  # only for type checkers in config.py


def _hint(config: Any, name: str) -> str:
    there = [k for k, _ in _settable(config)]
    near = get_close_matches(name, there, 1)
    return f": did you mean {near[0]}?" if near else f": there are {', '.join(there)}"


def _parse(kind: Any, text: str, key: str) -> Any:
    """`text` as `kind`; InputError says what was expected."""
    try:
        return _value(kind, text)
    except (ValueError, KeyError):
        raise InputError(f'--{key} cannot be "{text}": it takes {_said(kind)}') from None


def _value(kind: Any, text: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if NoneType in inner and text.lower() == "none":
            return None
        return _value(next(k for k in inner if k is not NoneType), text)
    if origin is Literal:
        return {str(choice): choice for choice in inner}[text]
    if origin is tuple:
        parts = [p.strip() for p in text.split(",")]
        kinds = [inner[0]] * len(parts) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) != len(parts):
            raise ValueError(text)
        return tuple(_value(k, p) for k, p in zip(kinds, parts, strict=True))
    if kind is bool:
        return {"true": True, "false": False}[text.lower()]
    if kind is int:
        return int(text)
    return kind(text)


def _said(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin is tuple:
        return f"{_said(inner[0])}s separated by commas"
    if origin in (Union, UnionType):
        return " or ".join("none" if k is NoneType else _said(k) for k in inner)
    names = {int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))
