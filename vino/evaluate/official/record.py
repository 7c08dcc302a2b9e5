"""SUITE.run.json: whose samples a folder holds, and of what."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from vino.errors import InputError
from vino.evaluate.files import write_whole
from vino.evaluate.official.benchmark import Benchmark, Case, parse_json, read_text
from vino.generate import Model

Asked = Mapping[str, Sequence[str]]
"""Name of a case -> SHA-256 of its prompt, then of each reference."""


@dataclass(frozen=True)
class Record:
    """What decides the samples of a folder.

    model: its identity. seed: of the first sample of every prompt. defaults: the model's, by which
    it draws
    """

    model: Mapping[str, Any]
    seed: int
    defaults: Mapping[str, Any]
    asked: Asked

    def go_on(self, model: Model, seed: int, asked: Asked, out: Path) -> "Record":
        """The record with more that is asked; InputError for another model, seed or defaults."""
        mine = record_of(model, seed, asked)
        holds = f"{out} holds samples of {named(self.model)} with seed {self.seed}"
        if (mine.model, mine.seed) != (self.model, self.seed):
            raise InputError(
                f"{holds}, not of {named(mine.model)} with seed {seed}: give its --model, --lora "
                "and --seed, or choose another --out"
            )
        if mine.defaults != self.defaults:
            raise InputError(
                f"{holds}, drawn by other sampling defaults than the model has now: restore those, "
                "or choose another --out"
            )
        return replace(mine, asked={**self.asked, **asked})


def record_of(model: Model, seed: int, asked: Asked) -> Record:
    """A record of a folder that holds nothing yet."""
    as_json = json.loads(json.dumps([model.identity, asdict(model.defaults)]))
    return Record(as_json[0], seed, as_json[1], asked)


def read_record(path: Path) -> Record | None:
    """None where there is no file; InputError where it is none that is written now."""
    if not path.exists():
        return None
    try:
        return Record(**parse_json(read_text(path), path))
    except TypeError:
        raise InputError(
            f"{path} does not say what its samples are of: delete it if they are of this model, "
            "seed and data, or choose another --out"
        ) from None


def write_record(path: Path, record: Record) -> None:
    write_whole(path, json.dumps(asdict(record), indent=1) + "\n")


def asked_of(benchmark: Benchmark, data: Path | None, cases: Sequence[Case]) -> Asked:
    """What is asked of the first cases."""
    hashes = benchmark.reference_hashes(data, cases)
    return {case.name: [prompt_hash(case), *h] for case, h in zip(cases, hashes, strict=True)}


def prompt_hash(case: Case) -> str:
    """SHA-256, in hex, of a prompt and of its official record."""
    return hashlib.sha256(json.dumps([case.text, case.record]).encode()).hexdigest()


def check_asked(held: Asked, asked: Asked, out: Path) -> None:
    """InputError if samples were made of other prompts or references; of those both name."""
    other = [name for name in asked if name in held and list(held[name]) != list(asked[name])]
    if other:
        more = f" and of {len(other) - 1} more" if len(other) > 1 else ""
        raise InputError(
            f"{out} holds samples of another prompt or reference of {other[0]}{more}: give the "
            "--data they were made of, or choose another --out"
        )


def named(model: Mapping[str, Any]) -> str:
    """A model's identity in words."""
    adapters = [
        f"{a['name']} at {a['strength']:g}, {a['hash'][:12]}" for a in model.get("lora", [])
    ]
    whole = "; ".join([str(model.get("hash", ""))[:12], *adapters])
    return f"{model.get('name')} ({whole})"
