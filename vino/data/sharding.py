"""Writing shards: any collection as tar files that can be copied, streamed and shared out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vino.checkpoints.save import folder_written_whole
from vino.data.manifest import Records
from vino.data.sample import Placed, Record, Refuse, stop
from vino.data.sources.records import size_of, with_file
from vino.errors import InputError
from vino.media import DEFAULT_LIMITS, Limits
from vino.media.files import open_bytes

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

    Needs the webdataset library (the extra `train`). The folder appears when all is written.
    InputError: the library is missing, or the folder holds anything already.
    """
    writer = _library().ShardWriter
    with folder_written_whole(folder) as fresh:
        pattern = f"{str(fresh).replace('%', '%%')}/%06d.tar"
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
        files[f"{stem}{suffix}"] = _bytes(placed, limits)
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


def _bytes(placed: Placed, limits: Limits) -> bytes:
    def contents(path: Path) -> bytes:
        with open_bytes(path, limits) as file:
            return file.read()

    return with_file(placed, limits, contents)
