"""/docs: the schema as one page, without scripts and without anything from elsewhere."""

import base64
import hashlib
import json
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c1c1c; background: #fff; }
h2 { font-size: 1rem; margin: 2.5rem 0 0; padding-top: 1rem; border-top: 1px solid #ccc; }
h3 { font-size: 1rem; margin: 1.5rem 0 0; }
code { font-size: .9em; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; font-weight: normal; }
td:first-child { width: 12rem; }
caption { text-align: left; font-weight: 600; padding-top: .6rem; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #181818; }
  h2 { border-color: #444; } a { color: #8cf; } }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"

Schema = dict[str, Any]


def page(told: Schema) -> str:
    """The whole page."""
    shapes = told["components"]["schemas"]
    endpoints = [
        _endpoint(method.upper(), path, operation)
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    ]
    parts = [_shape(name, shape) for name, shape in sorted(shapes.items())]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>vino</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style><h1>vino {escape(told['info']['version'])}</h1>"
        f"<p>{escape(told['info']['description'])}</p>"
        '<p>The same for programs: <a href="/openapi.json">/openapi.json</a></p>'
        f"{''.join(endpoints)}<h2>Shapes</h2>{''.join(parts)}</html>"
    )


def _endpoint(method: str, path: str, operation: Schema) -> str:
    open_to_all = " (open)" if operation.get("security") == [] else ""
    rows = [
        _row(p["name"], p["schema"], f"in the {p['in']}", p.get("required", False))
        for p in operation.get("parameters", ())
    ]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        rows.append(_row("body", content["schema"], kind, True))
    for status, answer in operation["responses"].items():
        name = "otherwise" if status == "default" else status
        for kind, content in answer.get("content", {}).items():
            rows.append(_row(f"answer, {name}", content["schema"], kind, True))
    return (
        f"<h2><code>{method} {escape(path)}</code>{open_to_all}</h2>"
        f"<p>{escape(operation.get('description', ''))}</p><table>{''.join(rows)}</table>"
    )


def _shape(name: str, shape: Schema) -> str:
    required = shape.get("required", ())
    rows = [
        _row(field, inner, "", field in required)
        for field, inner in shape.get("properties", {}).items()
    ]
    return (
        f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>'
        f"<p>{escape(shape.get('description', ''))}</p><table>{''.join(rows)}</table>"
    )


def _row(name: str, schema: Schema, note: str, required: bool) -> str:
    usual = None if required else schema.get("default")
    default = "" if usual is None else f"default {json.dumps(usual)}"
    notes = [note, "" if required else "optional", default]
    remark = ", ".join(filter(None, notes))
    return f"<tr><td><code>{escape(name)}</code><td>{_kind(schema)}<td>{escape(remark)}</tr>"


def _kind(schema: Schema) -> str:
    """A schema in words, with links to the shapes it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    words = "file" if schema.get("format") == "binary" else str(schema.get("type", "anything"))
    limits = [f"{sign} {schema[key]}" for key, sign in _LIMITS.items() if key in schema]
    return escape(" ".join([words, ", ".join(limits)]).strip())


_LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "maxLength": "length ≤",
           "pattern": "as"}  # fmt: skip
