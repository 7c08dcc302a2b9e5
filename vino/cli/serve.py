"""serve and keys."""

import importlib.util
import json
import time
import warnings
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vino.cli.console import Console
from vino.errors import InputError

if TYPE_CHECKING:
    from vino.generate import Model
    from vino.serve.config import Settings

PAGE = """
  {address}/studio in a browser
"""
HOW = """\
vino serves {model} at {address}  (stop with Ctrl-C)
{page}
  curl {address}/v1/images/generations{key} \\
    -H "Content-Type: application/json" -d '{{"prompt": "a red apple"}}'

  from openai import OpenAI
  client = OpenAI(base_url="{address}/v1", api_key="{token}")
  client.images.generate(prompt="a red apple", model="{model}")
"""


def serve(args: Namespace, console: Console) -> int:
    """Answer until Ctrl-C or SIGTERM; what waits then is made after the next start."""
    _check_extra()
    from vino import checkpoints
    from vino.cli.govern import terms_of
    from vino.serve.http import Server
    from vino.serve.log import start_logging
    from vino.serve.studio.mount import is_installed

    has_studio = args.studio and is_installed()
    settings = replace(_settings(args), terms=terms_of(args), studio=has_studio)
    if args.model != "tiny":
        checkpoints.resolve(args.model)  # refused before anything is opened
    start_logging(args.quiet)
    # Warnings tell a person at a terminal of odd references; these are other people's.
    warnings.simplefilter("ignore")
    added: dict[str, Any] = {"lora": dict(args.lora)} if args.lora else {}

    def load() -> "Model":
        from vino import generate as library
        from vino.model.encoded import Encoded

        model = library.load(args.model, device=args.device, **added)
        if args.encoded_mib is not None:
            model.encoded = Encoded(args.encoded_mib << 20)
        return model

    server = Server(settings, load)
    if args.studio and not settings.studio:
        console.note(
            "the page at /studio needs more packages: install vino again with its extra [studio]"
        )

    def started(address: str) -> None:
        locked = not settings.is_loopback or server.keys.exist()
        key = ' -H "Authorization: Bearer $VINO_KEY"' if locked else ""
        token = "vino_..." if locked else "none"
        name = Path(args.model).name
        page = PAGE.format(address=address) if settings.studio else ""
        told = HOW.format(address=address, model=name, key=key, token=token, page=page)
        print(told, flush=True)

    try:
        server.run(started)
    except KeyboardInterrupt:  # passed on by uvicorn once everything has ended well
        console.note("stopped; what waits is made after the next start")
    return 0


def keys(args: Namespace, console: Console) -> int:
    """Make, list or revoke API keys."""
    _check_extra()
    from vino.serve.database import Database
    from vino.serve.files import Files
    from vino.serve.keys import Keys

    settings = _settings(args)
    Files(settings.data)
    store = Keys(Database(settings.database, settings.data))
    if args.action == "list":
        _list(store.list(), args.json)
        return 0
    if args.name is None:
        raise InputError(f"vino keys {args.action} needs a {_NEEDS[args.action]}")
    if args.action == "revoke":
        store.revoke(args.name)
        return 0
    limits = {"max_open": args.max_open, "per_minute": args.per_minute}
    key = store.create(args.name, max_priority=args.max_priority, **limits)
    print(json.dumps({"key": key}) if args.json else key)
    console.note("keep it now: it is stored as a hash and cannot be shown again")
    return 0


_NEEDS = {"create": "NAME for the key", "revoke": "key's id, as vino keys list shows it"}


def _settings(args: Namespace) -> "Settings":
    """Settings that were given, the defaults for the rest."""
    from vino.serve.config import Settings
    from vino.serve.sites import Site

    names = ("model", "host", "port", "data", "database", "max_queue", "keep_days")
    given = {name: getattr(args, name, None) for name in names}
    if getattr(args, "allow_urls", None):
        given["allow_urls"] = tuple(Site.parse(host) for host in args.allow_urls)
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _list(found: list[Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(key) for key in found]))
        return
    for key in found:
        made = time.strftime("%Y-%m-%d", time.localtime(key.created_at))
        state = "revoked" if key.revoked_at else f"made {made}"
        limits = f"{key.max_open} jobs at once, {key.per_minute} a minute"
        print(f"{key.id}  {state}  {limits}, priority to {key.max_priority}  {key.name}")


def _check_extra() -> None:
    for name in ("fastapi", "uvicorn", "sqlalchemy", "prometheus_client", "python_multipart",
                 "httpcore2"):  # fmt: skip
        if importlib.util.find_spec(name) is None:
            raise InputError(
                "serving needs more packages: install vino again with its extra [serve]"
            )
