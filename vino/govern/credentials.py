"""Content credentials (C2PA): who made a file, with what and of what, signed and tamper-evident.

A manifest lies inside the file, in all formats vino writes. It says: the action (created, or
opened and edited), that a trained model made it, vino and its version, the references by the
SHA-256 of their pixels, and the whole recipe. It binds the file's bytes, metadata included.

Nothing is fetched: neither manifests nor revocation lists that a file names.
"""

import json
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import vino
from vino.errors import InputError
from vino.govern.signing import Signer, local_certificate, local_signer
from vino.media.files import open_file, reason
from vino.media.frames import DEFAULT_LIMITS, Limits
from vino.media.recipes import read_recipe, recipe_media

RECIPE = "io.github.vino-generator.recipe"
NONE, VALID, UNKNOWN, BROKEN = "none", "valid", "unknown signer", "broken"
ELSEWHERE, UNCHECKED = "elsewhere", "unchecked"

_GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".gif": "image/gif", ".mp4": "video/mp4",
}  # fmt: skip
# What the library says of files without a manifest to check: their format holds none, or it would
# have to be fetched.
_TOLD = {"NotSupported": NONE, "Remote: must fetch": ELSEWHERE}
# A damaged manifest may tell of itself in any form.
_UNTOLD = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_LONGEST_REPORT = 32 << 20  # characters of what the library tells of a file
_MOST_TOLD = 20  # actions and failures of one file


@dataclass(frozen=True)
class Credentials:
    """What a file's credentials say.

    state: none; valid: unchanged since it was signed by somebody trusted; unknown signer:
        unchanged, but anybody may have signed it; broken: changed since, or wrongly signed;
        elsewhere: the file names a place that has them, which is not asked;
        unchecked: the extra `credentials` is not installed
    signer, issuer: names in the certificate. actions: as C2PA names them. failures: codes of what
        is broken. recipe: the signed one; None unless vino wrote it
    """

    state: str
    signer: str = ""
    issuer: str = ""
    actions: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    recipe: dict[str, Any] | None = None

    @property
    def is_intact(self) -> bool:
        return self.state in (VALID, UNKNOWN)


def sign(path: str | Path, signer: Signer | None = None, *, marked: bool = False) -> Path:
    """Give a file that vino saved its signed credentials, in place and whole or not at all.

    signer: by default this machine's certificate (`local_signer`). marked: the pixels carry the
    invisible mark. Raises InputError: no extra `credentials`, a format or file that holds none, a
    certificate that does not suit.
    """
    path = Path(path)
    signer = signer or local_signer()
    import c2pa

    kind = _TYPES.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"{path} cannot hold credentials: use {', '.join(_TYPES)}")
    try:
        text = json.dumps(manifest(read_recipe(path), path.name, marked=marked))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the recipe in {path} is damaged ({error!r:.80})") from None
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".vino-{secrets.token_hex(8)}{target.suffix}")
    try:
        info = c2pa.C2paSignerInfo(
            signer.algorithm, signer.certificate.encode(), signer.key.encode(), signer.timestamps
        )
        with (
            c2pa.Signer.from_info(info) as native,
            c2pa.Builder(text, context=_context("")) as builder,
            target.open("rb") as source,
            temporary.open("w+b") as signed,
        ):
            builder.sign(native, kind, source, signed)
        temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    except (c2pa.C2paError, OSError) as error:
        raise InputError(f"{path} cannot be signed: {reason(error)}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return path


def manifest(recipe: dict[str, Any], title: str, *, marked: bool = False) -> dict[str, Any]:
    """The manifest of an output, in the form C2PA's library takes."""
    bases = {s["sha256"] for s in recipe.get("prompt", ()) if s.get("base")}
    media = {digest: name for _, digest, name in recipe_media(recipe)}
    return {
        "claim_generator_info": [_agent()],
        "title": title,
        "ingredients": [
            {
                "title": name or "unnamed",
                "instance_id": _id(digest),
                "relationship": "parentOf" if digest in bases else "inputTo",
            }
            for digest, name in media.items()
        ],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": _actions(media, bases, marked)}},
            {"label": RECIPE, "data": recipe},
        ],
    }


def _actions(media: Collection[str], bases: Collection[str], marked: bool) -> list[dict[str, Any]]:
    """Created, or opened and edited; then marked, if it was."""
    inputs = [_id(digest) for digest in media if digest not in bases]
    made: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": _GENERATED}
    actions = [made]
    if bases:
        made |= {"action": "c2pa.edited", "digitalSourceType": _COMPOSITE}
        opened = {"ingredientIds": [_id(digest) for digest in bases]}
        actions = [{"action": "c2pa.opened", "parameters": opened}, made]
    if inputs:
        made["parameters"] = {"ingredientIds": inputs}
    if marked:
        actions.append({"action": "c2pa.watermarked.unbound"})
    return [action | {"softwareAgent": _agent()} for action in actions]


def _agent() -> dict[str, str]:
    return {"name": "vino", "version": vino.__version__}


def _id(digest: str) -> str:
    """The name of an ingredient: the SHA-256 of its pixels, as recipes have it."""
    return f"sha256:{digest}"


def read_credentials(
    path: str | Path, trusted: tuple[str, ...] = (), limits: Limits = DEFAULT_LIMITS
) -> Credentials:
    """What a file's credentials say, and whether they hold; InputError when it cannot be read.

    trusted: PEM certificates whose holders, and those they vouch for, are believed; this machine's
    own is among them.
    """
    path = Path(path)
    with open_file(path, limits) as (file, _):
        try:
            import c2pa
        except ImportError:
            return Credentials(UNCHECKED)
        anchors = [*trusted, local_certificate() or ""]
        try:
            with c2pa.Reader(file, context=_context("\n".join(filter(None, anchors)))) as reader:
                told = reader.json()
            if len(told) > _LONGEST_REPORT:
                return Credentials(BROKEN, failures=("the manifest is too long",))
            return _parse(json.loads(told))
        except c2pa.C2paError.ManifestNotFound:
            return Credentials(NONE)
        except (c2pa.C2paError, *_UNTOLD) as error:
            known = (state for start, state in _TOLD.items() if str(error).startswith(start))
            state = next(known, BROKEN)
            return Credentials(state, failures=(reason(error),) if state == BROKEN else ())


def _parse(told: dict[str, Any]) -> Credentials:
    """The active manifest, and how its checks came out. Every value may be a stranger's."""
    states = {"Trusted": VALID, "Valid": UNKNOWN}
    active = told["manifests"][told["active_manifest"]]
    signature = active.get("signature_info") or {}
    assertions = {a.get("label"): a.get("data") for a in active.get("assertions", ())}
    found = next((v for k, v in assertions.items() if str(k).startswith("c2pa.actions")), None)
    actions = found.get("actions", ()) if isinstance(found, dict) else ()
    recipe = assertions.get(RECIPE)
    failed = (str(s.get("code", "")) for s in told.get("validation_status", ()))
    return Credentials(
        state=states.get(told.get("validation_state", ""), BROKEN),
        signer=str(signature.get("common_name") or ""),
        issuer=str(signature.get("issuer") or ""),
        actions=tuple(str(a.get("action", "")) for a in actions)[:_MOST_TOLD],
        failures=tuple(failed)[:_MOST_TOLD],
        recipe=recipe if isinstance(recipe, dict) else None,
    )


@lru_cache(maxsize=8)
def _context(anchors: str) -> Any:
    """The library's settings: believe these certificates, and fetch nothing."""
    import c2pa

    settings: dict[str, Any] = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    if anchors:
        settings["trust"] = {"user_anchors": anchors}
    return c2pa.Context(c2pa.Settings.from_dict(settings))
