"""Options of train, data and evaluate; imports nothing heavy."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vino.cli import values
from vino.cli.showing import VOCABULARIES

MOST_FRAMES, MOST_OUTPUTS = 100_000, 10_000
OFFICIAL = ("geneval", "vbench", "opens2v", "imgedit", "gedit", "openve")  # benchmarks
VOCABULARY = "second-light"  # of the embedded model
JUDGE = "Qwen/Qwen3-VL-32B-Instruct"  # recommended

Command = Callable[[str, str, str, str, str], ArgumentParser]
Options = Callable[[Any], None]


def add_commands(command: Command, model: Callable[..., None], talk: Options) -> None:
    """Add all three. command: makes the parser of one; model, talk: add what is shared."""
    _train(command("train", "train:train", "train a model", """
Train a model as a recipe says: a Python file with a function `recipe` that returns a
TrainConfig, or FILE.py:FUNCTION. Behind it, every setting of the recipe can be changed:
--out DIR, --seed 3, --stage2.lr 1e-5, --stages.steps 10 (of every stage); `--keys` lists them.

A run that was stopped, or killed, goes on where its last checkpoint was when it is started
again. torchrun spreads it over GPUs.
""", """
vino train recipes/full.py --keys
vino train recipes/full.py --out runs/full --model HunyuanVideo --vlm Qwen3-VL-4B-Instruct \\
    --vae HunyuanVideo/vae --manifest data.jsonl
torchrun --nproc-per-node 8 -m vino.cli train recipes/full.py --out runs/full \\
    --model HunyuanVideo --vlm Qwen3-VL-4B-Instruct --vae HunyuanVideo/vae --manifest data.jsonl
"""), talk)  # fmt: skip
    _data(command("data", "data:data", "look through data to train on, or pack it", """
check: decode all that a manifest (.jsonl), a task file (.json), shards (.tar) or a folder holds,
and report its tasks, sizes, ratios, lengths, captions, licences, duplicates and broken files, and
the buckets that training would sort it into. The exit code is 1 when something is broken.

pack: copy it into webdataset shards, with the size of every file noted. It needs the
extra [train].

A line of a manifest is {"task": "ti2i", "prompt": [{"image": "a.png", "base": true}, "make it
red"], "target": {"image": "b.png"}, "licence": "CC-BY-4.0"}, with paths below its folder.
""", """
vino data check data.jsonl
vino data check pictures/ --size 320x320 --require-licence
vino data check data.jsonl --policy policy.toml
vino data check shards/ --json
vino data pack data.jsonl -o shards
"""), talk)  # fmt: skip
    _evaluate(command("evaluate", "evaluate:evaluate", "scores of a model", """
Ask a model about held-out scenes of the emoji world and score its answers with a judge that
needs no network of its own; the judge's own accuracy stands beside every score. DIR takes the
answers, results.json, results.jsonl (every answer, and why it scored so), report.html, report.md
and contact sheets. Answers that are there already are not made again.

The suites: world (all of these), world-vocabulary, world-compose, world-clip, world-subject,
world-edit, world-clip-edit, world-clone, world-conflict, world-many-references, world-long,
world-phrasing, world-rewriting, world-autoencoder, world-speed. At the end stand the goals that
are set for them, and what was reached.

The official benchmarks are made into DIR/SUITE, in the files their own scorers read, and what
needs no network is computed. --results reads a scorer's file back into the official totals.
--judge grades with a vision-language model behind any OpenAI-compatible endpoint (the key, if it
needs one, in OPENAI_API_KEY); a local one is recommended. opens2v, imgedit, gedit and openve need
the official pictures and videos (--data). The exit code is 1 when a prompt was refused or the
judge gave an answer that cannot be read.
""", """
vino evaluate world --model tiny --out scores --quick
vino evaluate world --model my-model --seed 7 --seeds 3 --out scores --json
vino evaluate world-compose world-edit --out scores
vino evaluate preservation --out kept
vino evaluate geneval vbench --model tiny --limit 8 --out scores
vino evaluate geneval --results results.jsonl --out scores
vino evaluate imgedit --data ImgEdit --judge http://localhost:8000/v1 --out scores
"""), model, talk)  # fmt: skip


def _train(parser: ArgumentParser, talk: Options) -> None:
    parser.usage = "%(prog)s [-h] [--json] [-v] [-q] [--debug] RECIPE [--key value ...]"
    parser.set_defaults(settings=())
    parser.add_argument("recipe", metavar="RECIPE", help="FILE.py or FILE.py:FUNCTION")
    talk(parser)


def _data(parser: ArgumentParser, talk: Options) -> None:
    parser.add_argument("action", choices=("check", "pack"), help="what to do with it")
    parser.add_argument("path", metavar="PATH", type=Path, help="manifest, task file or folder")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path,
                        help="folder for the shards of pack")  # fmt: skip
    parser.add_argument("--size", metavar="WxH", type=values.size, default=(640, 640),
                        help="area of the buckets (default: 640x640)")  # fmt: skip
    parser.add_argument("--frames", metavar="N", type=values.whole(1, MOST_FRAMES), default=85,
                        help="most frames of a clip (default: 85)")  # fmt: skip
    parser.add_argument("--unit", metavar="N", type=values.whole(1, 256), default=16,
                        help="pixels of a token (default: 16; the tiny model's: 8)")  # fmt: skip
    parser.add_argument("--require-licence", action="store_true",
                        help="refuse records that name no licence")  # fmt: skip
    parser.add_argument("--require-consent", action="store_true",
                        help="refuse records with people that state no consent")  # fmt: skip
    parser.add_argument("--policy", metavar="FILE.toml", type=Path,
                        help="refuse what this policy refuses")  # fmt: skip
    talk(parser)


def _evaluate(parser: ArgumentParser, model: Callable[..., None], talk: Options) -> None:
    parser.add_argument("what", metavar="SUITE", nargs="+", help=(
        "of the emoji world, see above; preservation, alone; or official benchmarks: "
        f"{', '.join(OFFICIAL)}"))
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("scores"),
                        help="folder for answers and scores (default: scores)")  # fmt: skip
    parser.add_argument("--vocabulary", choices=VOCABULARIES,
                        default=VOCABULARY, help="what the model knows")  # fmt: skip
    parser.add_argument("--seeds", metavar="K", type=values.whole(1, MOST_OUTPUTS), help=(
        "answers to every question about pictures (default: 1; clips are asked for once), or "
        "samples of every prompt (default: the official number), with seeds counting up"))
    parser.add_argument("--quick", action="store_true", help="a few scenes of each kind")
    parser.add_argument("--card", metavar="FOLDER", type=Path,
                        help="a model's folder, whose card takes the scores")  # fmt: skip
    _official(parser)
    model(parser)
    talk(parser)


def _official(parser: ArgumentParser) -> None:
    """Options of the official benchmarks."""
    group = parser.add_argument_group("official benchmarks")
    group.add_argument("--data", metavar="PATH", type=Path,
                       help="the official prompts, pictures and videos")  # fmt: skip
    group.add_argument("--limit", metavar="N", type=values.whole(1, MOST_FRAMES),
                       help="the first N prompts only")  # fmt: skip
    group.add_argument("--results", metavar="PATH", type=Path,
                       help="what the official scorer wrote: read it, make nothing")  # fmt: skip
    group.add_argument("--judge", metavar="URL",
                       help="endpoint of a judge, like http://localhost:8000/v1")  # fmt: skip
    group.add_argument("--judge-model", metavar="NAME",
                       help=f"its name there (default: {JUDGE})")  # fmt: skip
