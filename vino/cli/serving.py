"""Options of serve and keys; imports nothing heavy."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from vino.cli import governing, values

MOST = 1_000_000

Command = Callable[[str, str, str, str, str], ArgumentParser]


def add_commands(command: Command, model: Callable[..., None], talk: Callable[..., None]) -> None:
    """Add both. command: makes the parser of one; model, talk: add what they share with others."""
    server = command("serve", "serve:serve", "answer requests over HTTP", """
Serve the model: OpenAI's endpoints for pictures and videos, and vino's own with interleaved
prompts, progress and previews. Jobs survive a restart. It needs the extra [serve]; with
[studio] there is also a page at /studio, on which everything can be made by hand.

On this machine alone (the default) no key is needed until one is made with `vino keys create`;
other addresses always need one.
""", """
vino serve
vino serve --model my-vino --port 9000 --data /srv/vino
vino serve --allow-urls images.example.org http://files.example.org:9000
vino serve --policy policy.toml --audit /srv/vino/audit.jsonl --credentials --mark
vino serve --host 0.0.0.0 --database postgresql://vino@db/vino --data /shared/vino
""")  # fmt: skip
    _serve(server)
    model(server, seed=False)
    governing.carrying(server, policy=True)
    talk(server)
    keys = command("keys", "serve:keys", "API keys of vino serve", """
create: make a key and print it, once: it is stored as a hash.
list: ids, names and limits. revoke: refuse a key from now on.
""", """
vino keys create ana
vino keys create batch --max-open 500 --per-minute 60
vino keys revoke 0f3a9c1b77de
""")  # fmt: skip
    _keys(keys)
    talk(keys)


def _serve(parser: ArgumentParser) -> None:
    parser.add_argument("--host", metavar="ADDRESS", help="where to listen (default: 127.0.0.1)")
    parser.add_argument("--port", metavar="N", type=values.whole(0, 65_535),
                        help="default: 8000; 0 takes a free one")  # fmt: skip
    parser.add_argument("--max-queue", metavar="N", type=values.whole(1, MOST),
                        help="jobs that may wait or run (default: 256)")  # fmt: skip
    parser.add_argument("--allow-urls", metavar="HOST", nargs="+", action="extend", help=(
        "fetch media that requests name by URL, from these hosts alone: HOST[:PORT] over https, "
        "http://HOST[:PORT] without (default: nothing is fetched)"))  # fmt: skip
    parser.add_argument("--encoded-mib", metavar="N", type=values.whole(0, MOST),
                        help="memory for encoded references (default: 1024)")  # fmt: skip
    parser.add_argument("--keep-days", metavar="N", type=values.number(0, above=True),
                        help="how long results are kept (default: 30)")  # fmt: skip
    parser.add_argument("--no-studio", dest="studio", action="store_false",
                        help="no page at /studio")  # fmt: skip
    _store(parser)


def _keys(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("create", "list", "revoke"), help="what to do")
    parser.add_argument("name", metavar="NAME", nargs="?",
                        help="name of the new key, or id of the one to revoke")  # fmt: skip
    parser.add_argument("--max-open", metavar="N", type=values.whole(1, MOST), default=64,
                        help="jobs that may wait or run (default: 64)")  # fmt: skip
    parser.add_argument("--per-minute", metavar="N", type=values.whole(1, MOST), default=600,
                        help="requests accepted a minute (default: 600)")  # fmt: skip
    parser.add_argument("--max-priority", metavar="N", type=values.whole(0, 9), default=0,
                        help="highest priority it may ask for, to 9 (default: 0)")  # fmt: skip
    _store(parser)


def _store(parser: ArgumentParser) -> None:
    """Where a server keeps its jobs and keys."""
    parser.add_argument("--data", metavar="DIR", type=Path, help=(
        "folder of jobs and results (default: ~/.local/share/vino/serve)"))  # fmt: skip
    parser.add_argument("--database", metavar="URL",
                        help="PostgreSQL for several servers (default: SQLite in DIR)")  # fmt: skip
