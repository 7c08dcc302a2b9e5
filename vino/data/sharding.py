"""Writing shards: any collection as tar files that can be copied, streamed and shared out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vino.data.manifest import Records
from vino.data.members import Member, on_disk
from vino.data.sample import Placed, Record, Refuse, stop
from vino.data.sources.records import size_of
from vino.errors import InputError
from vino.media import DEFAULT_LIMITS, Limits

SHARD_BYTES = 1 << 30
SHARD_RECORDS = 10_000


def write_shards(
    records: Records,
    folder: Path,
    shard_bytes: int = SHARD_BYTES,
    limits: Limits = DEFAULT_LIMITS,
    refuse: Refuse = stop,
) -> list[Path]:
    """Copy records and their files into webdataset shards; returns the shards.

    Files are copied as they are, and every medium's size is noted, so that planning opens none.
    Order and keys follow the collection. refuse: called for records whose files cannot be used.

    Needs the webdataset library (the extra `train`). InputError: it is missing, or there are
    shards in the folder already.
    """
    writer = _library().ShardWriter
    if list(folder.glob("*.tar")):
        raise InputError(f"{folder} holds shards already: give another folder")
    folder.mkdir(parents=True, exist_ok=True)
    pattern = f"{str(folder).replace('%', '%%')}/%06d.tar"
    with writer(pattern, maxcount=SHARD_RECORDS, maxsize=shard_bytes, verbose=0) as shards:
        for number in range(len(records)):
            try:
                sample = _sample(records[number], limits)
            except InputError as error:
                refuse(error)
                continue
            shards.write({"__key__": f"{number:09}", **sample})
    return sorted(folder.glob("*.tar"))


def _library() -> Any:
    try:
        import webdataset
    except ImportError:
        raise InputError(
            "writing shards needs the webdataset library: install vino again with its extra [train]"
        ) from None
    return webdataset


def _sample(record: Record, limits: Limits) -> dict[str, bytes]:
    """The files of one record by ending, its JSON among them."""
    if record.target is None:
        raise InputError(f"{record.where} has no target: it asks, and cannot be trained on")
    files: dict[str, bytes] = {}

    def add(placed: Placed, stem: str) -> Mapping[str, Any]:
        size = size_of(placed, limits)
        suffix = Path(placed.place.name).suffix.lower() or ".bin"
        files[f"{stem}{suffix}"] = _bytes(placed.place, limits)
        about = {placed.kind: f"{stem}{suffix}", "size": [size.width, size.height, size.frames]}
        return about | ({"base": True} if placed.base else {})

    prompt = [s if isinstance(s, str) else add(s, str(i)) for i, s in enumerate(record.segments)]
    fields = {
        "task": record.task,
        "prompt": prompt,
        "target": add(record.target, "target"),
        "id": record.key,
        "short": record.short,
        "source": record.source,
        "licence": record.licence,
        "consent": record.consent,
        "people": record.people,
        "withhold_latents": record.withhold_latents,
        "made": record.made,
    }
    files["json"] = json.dumps({k: v for k, v in fields.items() if v}).encode()
    return files


def _bytes(place: Path | Member, limits: Limits) -> bytes:
    with on_disk(place, limits.max_bytes) as path:
        return path.read_bytes()
