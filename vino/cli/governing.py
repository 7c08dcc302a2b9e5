"""Options of verify, consent and audit, and about what outputs carry; imports nothing heavy."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vino.cli import values

USES = ("generate", "reference", "edit", "animate", "train")

Command = Callable[[str, str, str, str, str], ArgumentParser]
Options = Callable[[Any], None]


def add_commands(command: Command, talk: Options) -> None:
    """Add all three. command: makes the parser of one; talk: adds what every command has."""
    _verify(command("verify", "govern:verify", "what files say of their origin", """
Look for content credentials (signed, C2PA), for the recipe in the metadata, which anybody can
write, and for the invisible mark in the pixels. A file in which nothing is found may have been
made by any model or none: credentials and recipes are lost when a file is saved anew, and the
mark can be removed. VINO_MARK_KEY names the secret key of the mark, if there is one.

The exit code is 0 when every file is signed by somebody trusted (this machine, or --trust) or
carries the mark; 1 when the credentials of one are broken; 3 when nothing vouches for one; 2 when
one cannot be read. Of several the worst counts: 2, then 1, then 3.
""", """
vino verify a.png
vino verify *.png --trust studio.pem
vino verify clip.mp4 --json
"""), talk)  # fmt: skip
    _consent(command("consent", "govern:consent", "who agreed to be shown", """
Records of consent for pictures and clips of people, which a policy can ask for: add one, list
them, or revoke one by its id. They hold names and hashes, no pictures; a re-encoded or scaled
copy of the picture is recognised. Uses are generate, reference, edit, animate and train.
""", """
vino consent add ann.jpg --name "Ann Example" --scope edit animate --until 2030-12-31
vino consent list
vino consent revoke 0f3a9c1b77de
"""), talk)  # fmt: skip
    _audit(command("audit", "govern:audit", "check an audit log", """
Read a log that --audit wrote, and name the first entry that was changed, removed or inserted.
An end that was cut off shows only against a head that was noted earlier: note the one that is
printed, somewhere else.
""", """
vino audit verify audit.jsonl
vino audit verify audit.jsonl --head 7d824d61b0fa...
"""), talk)  # fmt: skip


def carrying(parser: ArgumentParser, policy: bool = False) -> None:
    """Options about what outputs carry, and about what is noted of them."""
    group = parser.add_argument_group("provenance", "what outputs carry; nothing, left out")
    group.add_argument("--credentials", action="store_true",
                       help="sign content credentials (C2PA) into every file")  # fmt: skip
    group.add_argument("--certificate", metavar="FILE", type=Path, help=(
        "PEM chain to sign with (default: $VINO_SIGNING_CERTIFICATE, else one of this machine)"))
    group.add_argument("--key", metavar="FILE", type=Path,
                       help="its private key, PEM (default: $VINO_SIGNING_KEY)")  # fmt: skip
    group.add_argument("--timestamps", metavar="URL",
                       help="time-stamp authority to ask; without it nothing is sent")  # fmt: skip
    group.add_argument("--mark", action="store_true",
                       help="mark the pixels invisibly; $VINO_MARK_KEY is its secret")  # fmt: skip
    group.add_argument("--audit", metavar="FILE", type=Path,
                       help="note what is made in this log, without contents")  # fmt: skip
    if policy:
        group.add_argument("--policy", metavar="FILE.toml", type=Path,
                           help="what may be made, by whom, and what outputs carry")  # fmt: skip


def _verify(parser: ArgumentParser, talk: Options) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="pictures and clips")
    parser.add_argument("--trust", metavar="FILE", nargs="+", action="extend", type=Path,
                        default=[], help="PEM certificates to believe")  # fmt: skip
    talk(parser)


def _consent(parser: ArgumentParser, talk: Options) -> None:
    parser.add_argument("action", choices=("add", "list", "revoke"), help="what to do")
    parser.add_argument("what", metavar="FILE or ID", nargs="?",
                        help="picture or clip to add, or id of the record to revoke")  # fmt: skip
    parser.add_argument("--name", metavar="NAME", help="who is shown and agrees")
    parser.add_argument("--scope", metavar="USE", nargs="+", action="extend", choices=USES,
                        help="uses agreed to")  # fmt: skip
    parser.add_argument("--until", metavar="YYYY-MM-DD", type=values.day,
                        help="last day (default: until revoked)")  # fmt: skip
    talk(parser)


def _audit(parser: ArgumentParser, talk: Options) -> None:
    parser.add_argument("action", choices=("verify",), help="what to do")
    parser.add_argument("log", metavar="FILE", type=Path, help="the log")
    parser.add_argument("--head", metavar="HASH",
                        help="hash of an entry that was noted earlier")  # fmt: skip
    talk(parser)
