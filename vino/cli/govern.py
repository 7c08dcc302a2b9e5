"""verify, consent and audit; and the terms on which a command makes things."""

import json
import time
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vino.cli.console import Console, one_line
from vino.cli.failures import FAULT, UNUSABLE
from vino.errors import InputError
from vino.govern.audit import AuditLog, verify_log
from vino.govern.consent import Consents
from vino.govern.credentials import BROKEN, ELSEWHERE, NONE, UNCHECKED, UNKNOWN, VALID
from vino.govern.guard import Guard
from vino.govern.likeness import fingerprint
from vino.govern.policy import Policy, read_policy
from vino.govern.signing import chosen_signer, read_certificates
from vino.govern.terms import Terms
from vino.govern.verify import Origin
from vino.govern.verify import verify as look_through
from vino.media import is_clip_file, read_clip, read_picture

NOTHING_VOUCHES = 3  # exit code

STRIPPED = (
    "nothing found proves nothing: credentials and recipes are lost when a file is saved anew, and "
    "the mark can be removed"
)


def terms_of(args: Namespace) -> Terms:
    """What the options of `governing.carrying` ask for; a policy may ask for more."""
    policy = read_policy(args.policy) if getattr(args, "policy", None) else Policy()
    asked = args.credentials or args.certificate or args.key or args.timestamps
    signs = asked or policy.outputs.credentials
    return Terms(
        guard=Guard.of(policy),
        signer=chosen_signer(args.certificate, args.key, args.timestamps) if signs else None,
        mark=args.mark or policy.outputs.mark,
        log=None if args.audit is None else AuditLog(args.audit),
    )


def verify(args: Namespace, console: Console) -> int:
    """Say of every file what is found in it."""
    trusted = tuple(read_certificates(path) for path in args.trust)
    code, told = 0, []
    for path in args.files:
        try:
            origin = look_through(path, trusted)
        except InputError as error:
            console.error(str(error))
            told.append({"path": str(path), "error": str(error)})
            code = UNUSABLE
            continue
        told.append(_facts(origin))
        code = _worse(code, _code(origin))
        if not args.json:
            print("\n".join(_lines(origin)), flush=True)
    if args.json:
        print(json.dumps(told))
    elif any(not file.get("vouched") for file in told):
        console.note(STRIPPED)
    return code


def consent(args: Namespace, console: Console) -> int:
    """Add, list or revoke a record of consent."""
    consents = Consents()
    if args.action == "list":
        _list(consents, args.json)
        return 0
    if args.what is None:
        needed = "FILE" if args.action == "add" else "record's id, as vino consent list shows it"
        raise InputError(f"vino consent {args.action} needs a {needed}")
    if args.action == "revoke":
        consents.revoke(args.what)
        return 0
    if not args.name or not args.scope:
        raise InputError("a consent needs --name and --scope: who agrees, and to which uses")
    path = Path(args.what)
    frames = read_clip(path) if is_clip_file(path) else read_picture(path)
    made = consents.add(fingerprint(frames), args.name, args.scope, args.until)
    print(json.dumps({"id": made.id}) if args.json else made.id)
    return 0


def audit(args: Namespace, console: Console) -> int:
    """Check a log, and print its head."""
    found = verify_log(args.log, args.head)
    if args.json:
        print(json.dumps({"entries": found.entries, "head": found.head,
                          "sealed": found.sealed, "torn": found.torn}))  # fmt: skip
        return 0
    print(f"{found.entries} entries, unbroken; head {found.head}")
    for line in found.sealed:
        console.warn(f"line {line}: half an entry was lost here when the writer was killed")
    if found.torn:
        console.warn("the last line is half an entry; the next entry will seal it")
    return 0


def _code(origin: Origin) -> int:
    if origin.is_broken:
        return FAULT
    return 0 if origin.is_vouched else NOTHING_VOUCHES


def _worse(first: int, second: int) -> int:
    order = (0, NOTHING_VOUCHES, FAULT, UNUSABLE)
    return max(first, second, key=order.index)


def _lines(origin: Origin) -> list[str]:
    """What is found in one file, for a person."""
    found, recipe = origin.credentials, origin.recipe
    by = one_line(f"{found.signer} ({found.issuer})")
    told = {
        NONE: "none",
        VALID: f"valid: unchanged since it was signed by {by}",
        UNKNOWN: f"unknown signer: unchanged since it was signed by {by}, who may be anybody",
        BROKEN: f"broken: {one_line(', '.join(found.failures) or 'no reason told')}",
        ELSEWHERE: "said to be elsewhere, where nobody is asked",
        UNCHECKED: "not looked for: install vino again with its extra [credentials]",
    }[found.state]
    if found.is_intact and found.actions:
        told += f"; {one_line(', '.join(found.actions))}"
    where = "signed" if origin.signed else "in the metadata, where anybody may write one"
    words = "none" if recipe is None else f"{where}; {_summary(recipe)}"
    if origin.mark.is_marked:
        mark = f"found; by chance in fewer than 1 of {1 / max(origin.mark.by_chance, 1e-300):.0e}"
    else:
        mark = f"not found (by chance {origin.mark.by_chance:.2g})"
    return [
        one_line(str(origin.path)),
        f"  credentials  {told}",
        f"  recipe       {words}",
        f"  mark         {mark}",
    ]


def _summary(recipe: dict[str, Any]) -> str:
    model = recipe.get("model")
    name = model.get("name", "unknown") if isinstance(model, dict) else "unknown"
    return one_line(f"model {name}, seed {recipe.get('seed')}")[:120]


def _facts(origin: Origin) -> dict[str, Any]:
    """All that --json prints of one file."""
    found = origin.credentials
    return {
        "path": str(origin.path),
        "vouched": origin.is_vouched,
        "credentials": {
            "state": found.state,
            "signer": found.signer,
            "issuer": found.issuer,
            "actions": found.actions,
            "failures": found.failures,
        },
        "recipe": found.recipe if origin.signed else origin.recipe,
        "recipe_signed": origin.signed,
        "mark": {"found": origin.mark.is_marked, "by_chance": origin.mark.by_chance},
        "content": f"content:{origin.picture.content}",
        "likenesses": [f"likeness:{bits}" for bits in origin.picture.likenesses],
    }


def _list(consents: Consents, as_json: bool) -> None:
    records = consents.records()
    if as_json:
        print(json.dumps([asdict(record) for record in records], default=str))  # dates, as ISO
        return
    for record in records:
        made = time.strftime("%Y-%m-%d", time.localtime(record.added))
        until = f"until {record.until}" if record.until else "until revoked"
        state = "revoked" if record.revoked else until
        print(f"{record.id}  {made}  {state}  {', '.join(record.scope)}  {record.name}")
