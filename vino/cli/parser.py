"""Commands and options. Imports nothing heavy: help and wrong arguments are answered at once."""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

import vino
from vino.cli import augmenting, governing, learning, runs, serving, showing, values
from vino.cli.console import one_line

USAGE_ERROR = 2
MOST_FRAMES, MOST_STEPS, MOST_OUTPUTS = 100_000, 1_000, 10_000

ABOUT = """\
Make and edit pictures and clips from text, pictures and videos, with one model.

The model "tiny" is embedded: it needs no download and runs on any computer. It knows a few
dozen objects on plain backgrounds. Larger models are a folder or a Hugging Face id (--model).
"""
START = """\
start here:
  vino generate "a red apple and a dog on a plain green background" -o a.png
  vino edit a.png "replace the dog with a top hat" -o b.png
  vino animate a.png "the red apple slides to the right" -o c.mp4

`vino COMMAND --help` explains a command, with examples.
"""


class Parser(ArgumentParser):
    """Says in one line what is wrong and what to do."""

    _words: Sequence[str] = ()

    def parse_known_args(self, args=None, namespace=None):
        self._words = args or ()
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        missing = "the following arguments are required: "
        if message.startswith(missing):
            message = f"missing: {message.removeprefix(missing)}"
            if "--ref" in self._words:
                message += " (write text before --ref, which takes every word that follows)"
        print(f"vino: error: {one_line(message)}; see {self.prog} --help", file=sys.stderr)
        sys.exit(USAGE_ERROR)


def parse(argv: Sequence[str]) -> Namespace:
    """Arguments of one command; `run` names the function that carries it out.

    settings: words that are no options of a command which has such, for its recipe to read.
    SystemExit: 0 after help or the version, 2 after a line that says what is wrong.
    """
    parser, commands = build()
    args, unknown = parser.parse_known_args(list(argv))
    if "settings" in args:
        args.settings = unknown
    elif unknown:
        command = commands[args.command]
        known = [name for action in command._actions for name in action.option_strings]
        word = unknown[0].partition("=")[0]
        near = get_close_matches(word, known, 1)
        if not word.startswith("-"):
            command.error(f'"{word}" is one word too many: put text with spaces in quotes')
        hint = f"did you mean {near[0]}?" if near else "there is no such option"
        command.error(f"unknown option {word}: {hint}")
    return args


def build() -> tuple[ArgumentParser, dict[str, Parser]]:
    """The whole parser, and the parser of every command."""
    parser = Parser("vino", description=ABOUT, epilog=START, allow_abbrev=False,
                    formatter_class=RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--version", action="version", version=f"vino {vino.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    made: dict[str, Parser] = {}

    def command(name: str, run: str, summary: str, text: str, examples: str) -> Parser:
        lines = "\n".join(f"  {line}" for line in examples.strip().splitlines())
        made[name] = commands.add_parser(
            name, help=summary, description=text.strip(), epilog=f"examples:\n{lines}",
            formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False,
        )  # fmt: skip
        made[name].set_defaults(run=run)
        return made[name]

    _generate(command("generate", "make:generate", "a picture or clip from a prompt", """
Make a picture, or with --frames a clip, from text and any pictures and videos.

References stand beside the prompt, which names them: "Image 1", "Video 1" and so on, in the
order they are given (pictures and videos are counted apart).
With --like, a file made by vino is made again from what is written in it; every option that
is given changes that one thing. Its references are looked for among --ref, beside the file
and in the current folder, and recognised by their content.
""", """
vino generate "a red apple and a dog on a plain green background" -o a.png
vino generate "the object in Image 1 slides to the right" --ref hat.png --frames 17 -o hat.mp4
vino generate "a dog on a plain white background" --n 4 --seed 10
vino generate --like a.png --seed 11 -o another.png
"""))
    _edit(command("edit", "make:edit", "change a picture or clip", """
Change a picture or clip as the instruction says. The result has the source's shape; a clip
keeps its length, frame rate and sound.

References come first when they are counted: with --ref hat.png, "Image 1" is the hat and
"Image 2" the picture being edited.
""", """
vino edit a.png "replace the dog with a top hat" -o b.png
vino edit a.png "replace the dog with the object in Image 1" --ref hat.png -o b.png
vino edit walk.mp4 "change the background to blue" -o blue.mp4
"""))
    _animate(command("animate", "make:animate", "a clip that begins with a picture", """
Make a clip whose first frame is the picture.
""", """
vino animate a.png "the red apple slides to the right" -o c.mp4
vino animate a.png "the dog moves up" --frames 9 --seed 3 -o up.gif
"""))
    _batch(command("batch", "batch:batch", "run task files", """
Run every task of one or more task files: JSON lists of {index, task, caption,
ref_image_paths, ref_video_path, ref_image_have_base, height, width, num_frames, seed,
negative_prompt}, of which index, task and caption are needed. Results are written to
DIR/FILE/INDEX.png or .mp4, and what was done to DIR/results.jsonl.

Tasks: t2i and t2v make a picture or clip from text; ti2i edits the last picture; i2v animates
it; ti2v makes a clip with the pictures; tv2v and tiv2v edit the video or clone from it.
A task that fails does not stop the others (the exit code is then 1); a task whose result is
there already is skipped, so a batch that was stopped can be started again.
""", """
vino batch tasks.json -o results
vino batch t2i.json i2v.json --root ../data -o results --steps 20
vino batch *.json -o results --size 96x64 --frames 9 --json
"""))
    _convert(command("convert", "models:convert", "write a model in another format", """
Write a model in vino's own format, or in the layout of the diffusers library. The source may
be a folder of either kind, a published VINO checkpoint (.ckpt; it needs --vlm and --vae) or
an original HunyuanVideo checkpoint (.pt). Licences upstream travel with the weights.
""", """
vino convert vino.ckpt my-vino --to native --vlm Qwen3-VL-4B-Instruct --vae HunyuanVideo/vae
vino convert my-vino my-vino-diffusers --to diffusers
"""))
    _info(command("info", "models:info", "what a model is and can do", """
Sizes, parameters by part, defaults, licence and hash of a model.
""", """
vino info
vino info my-vino --json
"""))
    _rewrite(command("rewrite", "make:rewrite", "the prompt as a full caption", """
Let the model's vision-language part say what the result will show. Its caption can serve as
the prompt in turn: understand first, then generate.
""", """
vino rewrite "a red apple and a dog on a plain green background"
vino rewrite "put the object in Image 1 on green" --ref hat.png
vino generate "$(vino rewrite 'a red apple and a dog on a plain green background')"
"""))
    learning.add_commands(command, _model, _talk)
    augmenting.add_commands(command, _model, _talk)
    runs.add_commands(command, _talk)
    showing.add_commands(command, _talk)
    serving.add_commands(command, _model, _talk)
    governing.add_commands(command, _talk)
    return parser, made


def _generate(parser: Parser) -> None:
    parser.add_argument("prompt", metavar="PROMPT", nargs="?", type=values.words,
                        help="what to make, in quotes")  # fmt: skip
    _references(parser)
    parser.add_argument("--like", metavar="FILE", type=Path, help="make this file again")
    parser.add_argument("--size", metavar="WxH", type=values.size,
                        help="width x height in pixels (default: the model's)")  # fmt: skip
    _frames(parser, "frames of a clip; 1 is a picture (default: 1, or the model's clip length "
                    "when OUT ends in .mp4)")  # fmt: skip
    _making(parser)


def _edit(parser: Parser) -> None:
    parser.add_argument("source", metavar="SOURCE", type=Path, help="the picture or clip to change")
    parser.add_argument("instruction", metavar="INSTRUCTION", type=values.words,
                        help="what to change, in quotes")  # fmt: skip
    _references(parser)
    _making(parser)


def _animate(parser: Parser) -> None:
    parser.add_argument("picture", metavar="PICTURE", type=Path, help="the first frame")
    parser.add_argument("prompt", metavar="PROMPT", type=values.words,
                        help="what happens, in quotes")  # fmt: skip
    _frames(parser, "frames of the clip (default: the model's)")
    _making(parser)


def _batch(parser: Parser) -> None:
    parser.add_argument("tasks", metavar="TASKS.json", nargs="+", type=Path, help="task files")
    parser.add_argument("--root", metavar="DIR", type=Path,
                        help="folder of the references (default: beside each file)")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True,
                        help="folder for the results")  # fmt: skip
    parser.add_argument("--size", metavar="WxH", type=values.size,
                        help="size of results that take none from a reference")  # fmt: skip
    _frames(parser, "frames of clips (default: the model's)")
    _model(parser)
    _sampling(parser, "what a task says itself comes first")
    governing.carrying(parser)
    _talk(parser)


def _convert(parser: Parser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="folder or checkpoint to read")
    parser.add_argument("destination", metavar="DEST", type=Path, help="folder to write")
    parser.add_argument("--to", choices=("native", "diffusers"), default="native",
                        help="format to write (default: native)")  # fmt: skip
    parser.add_argument("--vlm", metavar="FOLDER",
                        help="folder or Hugging Face id of the Qwen3-VL to take")  # fmt: skip
    parser.add_argument("--vae", metavar="FOLDER",
                        help="folder or Hugging Face id of the autoencoder to take")  # fmt: skip
    _talk(parser)


def _info(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", nargs="?", default="tiny",
                        help='"tiny" (the default), a folder or a Hugging Face id')  # fmt: skip
    _talk(parser)


def _rewrite(parser: Parser) -> None:
    parser.add_argument("prompt", metavar="PROMPT", type=values.words, help="what to rewrite")
    _references(parser)
    _model(parser)
    _talk(parser)


def _references(parser: Parser) -> None:
    parser.add_argument("--ref", metavar="FILE", nargs="+", action="extend", type=Path, default=[],
                        help="pictures and clips to refer to")  # fmt: skip


def _frames(parser: Parser, text: str) -> None:
    parser.add_argument("--frames", metavar="N", type=values.whole(1, MOST_FRAMES), help=text)


def _making(parser: Parser) -> None:
    """Options of every command that makes one thing."""
    parser.add_argument("-o", "--output", metavar="OUT", help=(
        "file to write: .png .jpg .webp .gif .mp4, or a folder (default: vino-SEED.png or .mp4, "
        "with a free number; a file named here is replaced)"))  # fmt: skip
    parser.add_argument("--n", metavar="N", type=values.whole(1, MOST_OUTPUTS), default=1,
                        help="how many to make, with seeds counting up")  # fmt: skip
    parser.add_argument("--preview", action="store_true",
                        help="show what is there so far, in OUT.preview.png or .gif")  # fmt: skip
    _model(parser)
    _sampling(parser)
    governing.carrying(parser)
    _talk(parser)


def _model(parser: Parser, seed: bool = True) -> None:
    group = parser.add_argument_group("model")
    group.add_argument("--model", metavar="MODEL", default="tiny",
                       help='"tiny" (the default), a folder or a Hugging Face id')  # fmt: skip
    group.add_argument("--lora", metavar="FOLDER[:STRENGTH]", nargs="+", action="extend",
                       type=values.adapter, default=[],
                       help="adapters to add, with their strengths (default: 1)")  # fmt: skip
    group.add_argument("--device", metavar="DEVICE", type=values.device,
                       help="cpu, cuda, cuda:N or mps (default: the fastest there is)")  # fmt: skip
    if seed:
        group.add_argument("--seed", metavar="N", type=values.whole(0, values.LARGEST_SEED),
                           help="the same seed gives the same result (default: 0)")  # fmt: skip


def _sampling(parser: Parser, note: str = "left out: the model's own defaults") -> None:
    group = parser.add_argument_group("sampling", note)
    group.add_argument("--steps", metavar="N", type=values.whole(1, MOST_STEPS),
                       help="more are slower and usually better")  # fmt: skip
    group.add_argument("--guidance", metavar="X", type=values.number(0),
                       help="how strongly the text is followed; 1 is plain")  # fmt: skip
    group.add_argument("--image-guidance", metavar="X", type=values.number(0),
                       help="how strongly reference pictures are followed; 1 is plain")  # fmt: skip
    group.add_argument("--negative", metavar="TEXT", help="what to keep away from")
    group.add_argument("--shift", metavar="X", type=values.number(0, above=True),
                       help="more time is spent near the noise above 1")  # fmt: skip
    group.add_argument("--solver", choices=values.SOLVERS, help="how the steps are taken")


def _talk(parser: Parser) -> None:
    """Options about what is printed."""
    group = parser.add_argument_group("output on the terminal")
    group.add_argument("--json", action="store_true", help="print one JSON object instead of paths")
    group.add_argument("-v", "--verbose", action="store_true", help="say more")
    group.add_argument("-q", "--quiet", action="store_true", help="no progress, no notes")
    group.add_argument("--debug", action="store_true",
                       help="show tracebacks and the warnings of libraries")  # fmt: skip
