"""vino.json: what a model folder says of itself, parsed strictly."""

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vino.checkpoints.store import read_json
from vino.errors import CheckpointError
from vino.model.conditioner import ConditionerConfig
from vino.model.mmdit import MMDiTConfig

T = TypeVar("T")

FILE = "vino.json"
FORMAT, VERSION = "vino", 1
MOST = 2**16  # of any whole number in a config; the published model's largest is 4,096
MAY_BE_ZERO = (
    *("dual_blocks", "single_blocks", "refiner_blocks", "encoder_blocks", "decoder_blocks"),
    "queries",
)


@dataclass(frozen=True)
class Origin:
    """Where a part of a model comes from. `source` is a title, never a path of someone's disk."""

    part: str
    source: str
    licence: str


@dataclass(frozen=True)
class Card:
    """What a model says of itself besides its sizes.

    sampling: defaults as `vino.flow.sampling.Defaults.parse` takes them. compat: settings that
    keep published behaviour, as `VisionConfig.from_folder` takes them. hash: of all tensors as
    stored, None while unknown.
    """

    sampling: Mapping[str, Any] = field(default_factory=dict)
    compat: Mapping[str, bool] = field(default_factory=dict)
    licence: str = ""
    provenance: tuple[Origin, ...] = ()
    hash: str | None = None


@dataclass(frozen=True)
class AutoencoderCard:
    """Which autoencoder: "hunyuan" (with the arguments of diffusers' class) or our own "causal"."""

    kind: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Manifest:
    """All of vino.json. A base for training has no conditioner; parts may lie elsewhere."""

    card: Card
    mmdit: MMDiTConfig
    conditioner: ConditionerConfig | None
    vae: AutoencoderCard | None


def read_manifest(folder: Path) -> Manifest:
    """Parse a folder's vino.json; CheckpointError for anything unknown, missing or out of range."""
    path = folder / FILE
    data = read_json(path)
    if data.get("format") != FORMAT:
        raise CheckpointError(f'{path}: not a model of this program ("format" is not "{FORMAT}")')
    if data.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: version {data.get('version')!r} of the format is unknown here (known: "
            f"{VERSION}); update vino"
        )
    known = {"format", "version", "mmdit", "conditioner", "vae", *(f.name for f in fields(Card))}
    _refuse_unknown(data, known, path)
    card = {k: v for k, v in data.items() if k in {f.name for f in fields(Card)}}
    conditioner, vae = data.get("conditioner"), data.get("vae")
    return Manifest(
        card=parse(Card, card, path),
        mmdit=parse(MMDiTConfig, data.get("mmdit"), f"{path}, mmdit"),
        conditioner=(
            None
            if conditioner is None
            else parse(ConditionerConfig, conditioner, f"{path}, conditioner")
        ),
        vae=None if vae is None else parse(AutoencoderCard, vae, f"{path}, vae"),
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write vino.json, every value spelled out."""
    data = {
        "format": FORMAT,
        "version": VERSION,
        "mmdit": asdict(manifest.mmdit),
        "conditioner": manifest.conditioner and asdict(manifest.conditioner),
        "vae": manifest.vae and asdict(manifest.vae),
        **asdict(manifest.card),
    }
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def parse(cls: type[T], data: Any, where: object) -> T:
    """A dataclass from JSON: names, types and ranges are checked, `where` begins the error."""
    if not isinstance(data, dict):
        raise CheckpointError(f"{where}: a table of settings is missing")
    every = fields(cls)  # type: ignore[arg-type]
    _refuse_unknown(data, {f.name for f in every}, where)
    needed = {f.name for f in every if f.default is MISSING and f.default_factory is MISSING}
    if missing := sorted(needed - set(data)):
        raise CheckpointError(f"{where}: missing {', '.join(missing)}")
    types = get_type_hints(cls)
    values = {name: _value(types[name], value, f"{where}: {name}") for name, value in data.items()}
    try:
        return cls(**values)
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{where}: {error}") from None


def _value(kind: Any, value: Any, where: str) -> Any:
    """`value` as `kind`; JSON arrays become tuples."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _value(next(k for k in inner if k is not type(None)), value, where)
    if origin is Literal:
        if value in inner:
            return value
    elif origin is tuple and isinstance(value, list):
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) == len(value):
            return tuple(_value(k, v, where) for k, v in zip(kinds, value, strict=True))
    elif hasattr(kind, "__dataclass_fields__"):
        return parse(kind, value, where)
    elif origin is not None and issubclass(origin, Mapping) and isinstance(value, dict):
        return {name: _value(inner[1], v, f"{where}, {name}") for name, v in value.items()}
    elif kind is Any or (kind in (str, bool) and isinstance(value, kind)):
        return value
    elif kind is int and type(value) is int:
        return _in_range(value, where)
    elif kind is float and type(value) in (int, float) and math.isfinite(value) and value > 0:
        return float(value)
    raise CheckpointError(f"{where} cannot be {json.dumps(value, default=str)[:80]}")


def _in_range(value: int, where: str) -> int:
    least = 0 if where.endswith(MAY_BE_ZERO) else 1
    if not least <= value <= MOST:
        raise CheckpointError(f"{where} must be from {least} to {MOST}, not {value}")
    return value


def _refuse_unknown(data: Mapping[str, Any], known: set[str], where: object) -> None:
    if unknown := sorted(set(data) - known):
        raise CheckpointError(
            f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
