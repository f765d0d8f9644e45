"""The generated modules of the client library: a Struct per component of the API, a function per operation.

Written by `python -m tests.contracts write`, so that the client is in step with the server that it is released with.
A client of yesterday talks to a server of tomorrow: of what a server sends, unknown fields are ignored and words of
closed lists are plain text. What a client sends is typed as the server takes it.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[2] / "client" / "plimsoll_client"
_REF = "#/components/schemas/"
#: Server-sent events are followed, not asked for once.
_STREAM = "/v1/events/stream"
#: Its `data` is decoded apart, by its type: a type that this client does not know is no reason to stop.
_EVENT = "CloudEvent"
_WIDTH = 116
_TEXT_LIKE = ("str", "UUID", "date", "datetime")
_FORMATS = {"uuid": "UUID", "date": "date", "date-time": "datetime"}
#: A closed list of more words than this is spelled `str`: a reader gains nothing from a page of them.
_MAX_WORDS = 20
_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "object": "dict[str, Any]",
}


def client_modules(document: Mapping[str, Any]) -> dict[str, str]:
    """The text of each generated module by its name."""
    source = _ClientSource(document)
    return {name: _format(text) for name, text in (("models.py", source.models()), ("requests.py", source.requests()))}


def _format(text: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--quiet", "--stdin-filename", str(HOME / "generated.py"), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def write_client(document: Mapping[str, Any]) -> None:
    """Write the generated modules of `client/`."""
    for name, text in client_modules(document).items():
        (HOME / name).write_text(text)


class _ClientSource:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components: dict[str, Any] = document["components"]["schemas"]
        self._parameters: dict[str, Any] = document["components"].get("parameters", {})
        self._operations = [
            (method.upper(), path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if method in ("get", "post", "put", "patch", "delete") and path.startswith("/v1") and path != _STREAM
        ]
        bodies = [operation.get("requestBody") for _, _, operation in self._operations]
        #: Components that a request may hold.
        self._sent = set(self._reach(bodies))
        self._tags = dict(self._find_tags())

    # --- models ------------------------------------------------------------------------------------------------------

    def models(self) -> str:
        names = sorted(self._components)
        parts = [self._define(name, self._components[name]) for name in names]
        events = [(tag, name) for name, (field, tag) in sorted(self._tags.items()) if field == "type" and "." in tag]
        table = "".join(f'    "{tag}": {name},\n' for tag, name in sorted(events))
        head = (
            '"""What the API takes and sends, a Struct each. Generated: see `tests/contracts/client_source.py`."""\n\n'
            "from __future__ import annotations\n\nfrom datetime import date, datetime\n"
            "from typing import Any, Literal\nfrom uuid import UUID\n\n"
            "from msgspec import UNSET, Raw, Struct, UnsetType, field\n\n"
            "from plimsoll_client.event_data import EventData\n\n"
        )
        found = (
            "#: Type of an event -> the Struct of its `data`.\nEVENT_DATA: dict[str, type[Struct]] = {\n"
            + table
            + "}\n"
        )
        return head + "\n\n".join(parts) + "\n\n" + found

    def _define(self, name: str, schema: dict[str, Any]) -> str:
        if schema.get("type") != "object":
            return f"\n{name} = {self._expression(schema, sent=name in self._sent)}\n"
        options = ["frozen=True", "kw_only=True", "omit_defaults=True"]
        if name in self._tags:
            field_name, tag = self._tags[name]
            options += [f'tag_field="{field_name}"', f'tag="{tag}"']
        base = "EventData" if name == _EVENT else "Struct"
        lines = [f"class {name}({base}, {', '.join(options)}):", *_docstring(schema.get("description", name))]
        required = set(schema.get("required", ()))
        own = {
            key: value for key, value in schema.get("properties", {}).items() if self._tags.get(name, ("",))[0] != key
        }
        for key, value in own.items():
            lines.append(self._field(key, value, required=key in required, sent=name in self._sent))
        return "\n".join([*lines, *(() if own else ("    pass",) if len(lines) == 1 else ())]) + "\n"

    def _field(self, key: str, schema: dict[str, Any], *, required: bool, sent: bool) -> str:
        kind = "Raw" if key == "data" and required and "oneOf" in schema else self._expression(schema, sent=sent)
        name = f"{key}_" if keyword.iskeyword(key) or not key.isidentifier() else key
        name = name if name.isidentifier() else re.sub(r"\W", "_", name)
        default = ""
        if not required:
            kind, default = _optional(kind, schema, sent=sent)
        if name != key:
            inner = f"default={default}, " if default and default not in ("[]", "{}") else ""
            inner = f"default_factory={'list' if default == '[]' else 'dict'}, " if default in ("[]", "{}") else inner
            return f'    {name}: {kind} = field({inner}name="{key}")'
        return f"    {name}: {kind}" + (f" = {default}" if default else "")

    def _find_tags(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Components that a discriminated union tells apart, with the field and its value."""
        for union in _walk([self._components, self._operations]):
            mapping = union.get("discriminator", {}).get("mapping", {})
            for value, reference in mapping.items():
                yield reference.removeprefix(_REF), (union["discriminator"]["propertyName"], value)

    def _reach(self, roots: Iterable[Any]) -> Iterator[str]:
        waiting, seen = [name for root in roots for name in _references(root)], set[str]()
        while waiting:
            name = waiting.pop()
            if name in self._components and name not in seen:
                seen.add(name)
                yield name
                waiting += _references(self._components[name])

    # --- types -------------------------------------------------------------------------------------------------------

    def _expression(self, schema: dict[str, Any], *, sent: bool) -> str:
        """The schema as a type that msgspec can decode: what it cannot tell apart is text, or anything."""
        if "$ref" in schema:
            return str(schema["$ref"].removeprefix(_REF))
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self._union([self._expression(option, sent=sent) for option in options])
        if "enum" in schema:
            values = ", ".join(repr(value).replace("'", '"') for value in schema["enum"])
            is_closed = (sent and len(schema["enum"]) <= _MAX_WORDS) or schema.get("type") != "string"
            return f"Literal[{values}]" if is_closed else "str"
        if "const" in schema:
            return f'Literal["{schema["const"]}"]'
        return self._plain(schema, sent=sent)

    def _plain(self, schema: dict[str, Any], *, sent: bool) -> str:
        match schema.get("type"):
            case "array":
                if parts := schema.get("prefixItems"):
                    return f"tuple[{', '.join(self._expression(part, sent=sent) for part in parts)}]"
                return f"list[{self._expression(schema.get('items') or {}, sent=sent)}]"
            case "object" if isinstance(schema.get("additionalProperties"), dict):
                return f"dict[str, {self._expression(schema['additionalProperties'], sent=sent)}]"
            case "string":
                return _FORMATS.get(schema.get("format", ""), "str")
            case list() as kinds:
                return self._union([self._plain({**schema, "type": kind}, sent=sent) for kind in kinds])
            case str() as kind:
                return _PLAIN[kind]
            case _:
                return "Any"

    def _union(self, kinds: Iterable[str]) -> str:
        parts = list(dict.fromkeys(part for kind in kinds for part in _split(kind)))
        if "Any" in parts:
            return "Any"
        texts = [part for part in parts if part in _TEXT_LIKE or part.startswith("Literal[") or self._is_words(part)]
        if len(texts) > 1:
            parts = [part for part in parts if part not in texts] + ["str"]
        structs = [part for part in parts if part in self._components and not self._is_words(part)]
        if len(structs) > 1 and not all(part in self._tags for part in structs):
            return "Any"
        containers = [part for part in parts if part.startswith(("list[", "tuple["))]
        objects = structs + [part for part in parts if part.startswith("dict[")]
        if len(containers) > 1 or (len(objects) > 1 and len(objects) != len(structs)):
            return "Any"
        return _join(parts)

    def _is_words(self, part: str) -> bool:
        return part in self._components and self._components[part].get("type") == "string"

    # --- requests ----------------------------------------------------------------------------------------------------

    def requests(self) -> str:
        functions = [
            self._function(*operation)
            for operation in sorted(self._operations, key=lambda o: _snake(o[2]["operationId"]))
        ]
        head = (
            '"""Every operation of the API as a function that builds its request. Generated: see\n'
            '`tests/contracts/client_source.py`."""\n\nfrom __future__ import annotations\n\n'
            "from collections.abc import Sequence\nfrom datetime import date, datetime\n"
            "from typing import Any, Literal\n"
            "from uuid import UUID\n\nfrom plimsoll_client import models as m\n"
            "from plimsoll_client.request import Request, build_request\n"
        )
        return head + "\n\n" + "\n\n".join(functions)

    def _function(self, method: str, path: str, operation: dict[str, Any]) -> str:
        given = [
            self._parameters[p["$ref"].rpartition("/")[2]] if "$ref" in p else p
            for p in operation.get("parameters", ())
        ]
        places = re.findall(r"{(\w+)}", path)
        arguments = [f"{place}: str | UUID" for place in places]
        body = self._body(operation)
        if body:
            arguments.append(f"body: {body[0]}" + ("" if body[1] else " | None = None"))
        options: list[tuple[str, str, str]] = []
        for parameter in given:
            if parameter["in"] in ("query", "header") and parameter["name"].lower() not in (
                "if-none-match",
                "last-event-id",
            ):
                kind = self._qualify(self._expression(parameter.get("schema", {}), sent=True))
                kind = "Sequence" + kind[4:] if kind.startswith("list[") else kind
                options.append((parameter["name"], _argument(parameter["name"]), kind.removesuffix(" | None")))
        if options:
            arguments += ["*", *(f"{name}: {kind} | None = None" for _, name, kind in options)]
        answer, typed = self._answer(operation)
        by_place = {
            where: [(p["name"], _argument(p["name"])) for p in given if p["in"] == where]
            for where in ("query", "header")
        }
        known = {name for name, _, _ in options}
        lines = [
            f"def {_snake(operation['operationId'])}(",
            *(f"    {argument}," for argument in arguments),
            f") -> Request[{answer}]:",
        ]
        lines += _docstring(operation["summary"])
        call = [f'"{method}"', f'"{path}"', typed]
        call += (
            [f"path_values={{{', '.join(f'{place!r}: {place}' for place in places)}}}".replace("'", '"')]
            if places
            else []
        )
        for where, pairs in by_place.items():
            kept = [(name, argument) for name, argument in pairs if name in known]
            if kept:
                call.append(
                    f"{where}={{{', '.join(f'{name!r}: {argument}' for name, argument in kept)}}}".replace("'", '"')
                )
        call += ["body=body"] if body else []
        call += [f'media="{body[2]}"'] if body and body[2] != "application/json" else []
        lines += ["    return build_request(", *(f"        {part}," for part in call), "    )"]
        return "\n".join(lines) + "\n"

    def _body(self, operation: dict[str, Any]) -> tuple[str, bool, str] | None:
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return None
        if "application/json" in content:
            kind = self._qualify(self._expression(content["application/json"]["schema"], sent=True))
            return kind, bool(operation["requestBody"].get("required")), "application/json"
        return "bytes", True, next(iter(content))

    def _answer(self, operation: dict[str, Any]) -> tuple[str, str]:
        """What is decoded from a success, as a type and as the expression that names it."""
        found: dict[str, Any] = next((r for status, r in operation["responses"].items() if status.startswith("2")), {})
        content = found.get("content", {})
        for media, shape in content.items():
            if media in ("application/json", "application/cloudevents-batch+json"):
                kind = self._qualify(self._expression(shape.get("schema", {}), sent=False))
                return (kind, kind if kind != "Any" else "Any")
        return ("bytes", "bytes") if content else ("None", "None")

    def _qualify(self, kind: str) -> str:
        return re.sub(
            r"[A-Za-z_]\w*", lambda found: f"m.{found[0]}" if found[0] in self._components else found[0], kind
        )


def _optional(kind: str, schema: dict[str, Any], *, sent: bool) -> tuple[str, str]:
    """Type and default of a field that may be left out."""
    default = schema.get("default")
    if (
        default is not None
        and kind != "Any"
        and not isinstance(default, dict | list)
        and not (isinstance(default, str) and "str" not in _split(kind) and "Literal" not in kind)
    ):
        return kind, repr(default).replace("'", '"') if isinstance(default, str) else repr(default)
    if default in ([], {}) and kind.startswith(("list[", "dict[")):
        return kind, repr(default)
    if sent:
        return (kind if kind == "Any" else _join([*_split(kind), "UnsetType"])), "UNSET"
    return (kind if kind == "Any" or "None" in _split(kind) else f"{kind} | None"), "None"


def _join(parts: list[str]) -> str:
    """A union of these, None last."""
    return " | ".join([part for part in parts if part != "None"] + ["None"] * ("None" in parts))


def _split(kind: str) -> list[str]:
    """The members of a union that was written with `|`, brackets kept whole."""
    parts, depth, part = [], 0, ""
    for character in kind:
        depth += (character == "[") - (character == "]")
        if character == "|" and not depth:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return [*parts, part.strip()]


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _walk(value)


def _references(node: Any) -> list[str]:
    return [found["$ref"].removeprefix(_REF) for found in _walk(node) if isinstance(found.get("$ref"), str)]


def _docstring(text: str) -> list[str]:
    """One paragraph, wrapped."""
    text = text if text.endswith((".", "!", "?", ")")) else f"{text}."
    words, lines = text.replace("\\", "\\\\").replace('"""', "'''").split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > _WIDTH - 4:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {line}" for line in lines[1:-1]), f'    {lines[-1]}"""']


def _snake(operation_id: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", operation_id.replace(".", "_").replace("-", "_")).lower()


def _argument(name: str) -> str:
    plain = name.lower().replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain
