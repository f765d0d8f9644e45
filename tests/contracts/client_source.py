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
_WIDTH = 116
#: A request with a body and no other parameters than these is a command.
_COMMAND_HEADERS = frozenset({"Idempotency-Key", "If-Match"})
#: The packages whose modules are generated: one per tag of the document, and what several of them name.
_GENERATED = ("models", "requests")
_SHARED, _EVENT_PARTS = "shared", "event_parts"
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
    """The text of each generated module by its path in the package."""
    source = _ClientSource(document)
    return {path: _format(text) for path, text in {**source.models(), **source.requests()}.items()}


def _format(text: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--quiet", "--stdin-filename", str(HOME / "generated.py"), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def write_client(document: Mapping[str, Any]) -> None:
    """Write the generated modules of `client/`, and remove those that are no more."""
    modules = client_modules(document)
    for path in list_generated() - modules.keys():
        (HOME / path).unlink()
    for path, text in modules.items():
        (HOME / path).parent.mkdir(exist_ok=True)
        (HOME / path).write_text(text)


def list_generated() -> set[str]:
    """The paths of the generated modules that are there."""
    return {str(path.relative_to(HOME)) for folder in _GENERATED for path in (HOME / folder).glob("*.py")}


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
        self._modules = self._assign_modules()

    # --- models ------------------------------------------------------------------------------------------------------

    def models(self) -> dict[str, str]:
        """The modules of Structs, as `_assign_modules` says, and the package that has them all."""
        modules: dict[str, list[str]] = {}
        for name, module in self._modules.items():
            modules.setdefault(module, []).append(name)
        texts = {f"models/{module}.py": self._build_models(module, names) for module, names in modules.items()}
        return texts | {"models/__init__.py": _build_package("What the API takes and sends, a Struct each.", modules)}

    def _build_models(self, module: str, names: list[str]) -> str:
        body = "\n\n".join(self._define(name, self._components[name]) for name in names)
        if module.endswith("_events"):
            tags = sorted((self._tags[name][1], name) for name in names if name in self._tags)
            body += "\n\n#: Type of an event -> the Struct of its `data`.\nEVENT_DATA: dict[str, type[Struct]] = {\n"
            body += "".join(f'    "{tag}": {name},\n' for tag, name in tags) + "}\n"
        used = {word for word in re.findall(r"\w+", body) if word in self._modules} - set(names)
        imports = [f"from plimsoll_client.models.{self._modules[name]} import {name}\n" for name in sorted(used)]
        if any(_has_event_data(self._components[name]) for name in names):
            imports.append("from plimsoll_client.event_data import EventData\n")
        libraries = (
            ("datetime", ("date", "datetime")),
            ("typing", ("Any", "Literal")),
            ("uuid", ("UUID",)),
            ("msgspec", ("UNSET", "Raw", "Struct", "UnsetType", "field")),
        )
        head = [f'"""Models of {module}. Generated: see `tests/contracts/client_source.py`."""\n\n']
        head += ["from __future__ import annotations\n\n"]
        head += [
            _import(library, [word for word in words if re.search(rf"\b{word}\b", body)])
            for library, words in libraries
        ]
        return "".join([*head, "\n", *imports, "\n", body])

    def _assign_modules(self) -> dict[str, str]:
        """Component -> its module: the only tag, or kind of event, that reaches it; else `event_parts` or `shared`.

        What requests hold too is in a module apart, so that imports have one direction.
        """
        reached: dict[str, set[str]] = {}
        for group, roots in self._list_roots():
            for name in self._reach(roots):
                reached.setdefault(name, set()).add(group)
        found = {}
        for name, tags in sorted(reached.items()):
            # A snapshot has the states of every tag: they stay with their own.
            groups = tags - {"events"} or tags
            in_events = any(group.endswith("_events") for group in groups)
            module = next(iter(groups)) if len(groups) == 1 else _EVENT_PARTS if in_events else _SHARED
            found[name] = f"{module}_bodies" if name in self._sent else module
        return found

    def _list_roots(self) -> list[tuple[str, list[Any]]]:
        """Each tag with what its operations name, each kind of event with its types."""
        roots: dict[str, list[Any]] = {}
        for _, _, operation in self._operations:
            given = [self._find_parameter(parameter) for parameter in operation.get("parameters", ())]
            roots.setdefault(str(operation["tags"][0]), []).append([operation, given])
        for name, (field, tag) in self._tags.items():
            if field == "type" and "." in tag:
                roots.setdefault(f"{tag.partition('.')[0]}_events", []).append({"$ref": _REF + name})
        return list(roots.items())

    def _define(self, name: str, schema: dict[str, Any]) -> str:
        if schema.get("type") != "object":
            return f"\n{name} = {self._expression(schema, sent=name in self._sent)}\n"
        options = ["frozen=True", "kw_only=True", "omit_defaults=True"]
        if name in self._tags:
            field_name, tag = self._tags[name]
            options += [f'tag_field="{field_name}"', f'tag="{tag}"']
        base = "EventData" if _has_event_data(schema) else "Struct"
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
                schema = self._components[name]
                # Decoded apart, by its type.
                parts = (
                    {k: v for k, v in schema["properties"].items() if k != "data"}
                    if _has_event_data(schema)
                    else schema
                )
                waiting += _references(parts)

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

    def requests(self) -> dict[str, str]:
        """A module per tag of the document."""
        modules: dict[str, list[str]] = {}
        for operation in sorted(self._operations, key=lambda found: _snake(found[2]["operationId"])):
            modules.setdefault(_module_of(operation[2]), []).append(self._function(*operation))
        texts = {f"requests/{module}.py": self._build_requests(module, found) for module, found in modules.items()}
        words = "Every operation of the API as a function that builds its request."
        return texts | {"requests/__init__.py": _build_package(words, modules)}

    def _build_requests(self, module: str, functions: list[str]) -> str:
        body = "\n\n".join(functions)
        libraries = (
            ("collections.abc", ("Sequence",)),
            ("datetime", ("date", "datetime")),
            ("typing", ("Any", "Literal")),
            ("uuid", ("UUID",)),
        )
        head = [f'"""Requests of {module}. Generated: see `tests/contracts/client_source.py`."""\n\n']
        head += ["from __future__ import annotations\n\n"]
        head += [
            _import(library, [word for word in words if re.search(rf"\b{word}\b", body)])
            for library, words in libraries
        ]
        models = "from plimsoll_client import models as m\n" if "m." in body else ""
        builders = ["Request", *(name for name in ("build_command", "build_request") if name in body)]
        return "".join([*head, f"\n{models}", _import("plimsoll_client.request", builders), "\n\n", body])

    def _find_parameter(self, parameter: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (
            self._parameters[parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter
        )
        return found

    def _function(self, method: str, path: str, operation: dict[str, Any]) -> str:
        given = [self._find_parameter(parameter) for parameter in operation.get("parameters", ())]
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
        # Without a comma at their ends, lists that fit stand on one line.
        lines = [f"def {_snake(operation['operationId'])}({', '.join(arguments)}) -> Request[{answer}]:"]
        lines += _docstring(operation["summary"])
        is_command = "Idempotency-Key" in known and known <= _COMMAND_HEADERS
        if method == "POST" and is_command and body and body[2] == "application/json":
            call = [f'"{path}"', typed, "body", *(name for _, name, _ in options), *(f"{p}={p}" for p in places)]
            return "\n".join([*lines, f"    return build_command({', '.join(call)})"]) + "\n"
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
        lines += [f"    return build_request({', '.join(call)})"]
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


def _has_event_data(schema: dict[str, Any]) -> bool:
    """Whether it is an event. Its `data` is decoded apart: one of a type that is unknown here is no reason to stop."""
    properties = schema.get("properties", {})
    return "type" in properties and "oneOf" in properties.get("data", {})


def _module_of(operation: dict[str, Any]) -> str:
    """Its tag; the acts upon a goal, a third of all operations, have a module of their own."""
    tag = str(operation["tags"][0])
    return "goal_acts" if str(operation["operationId"]).startswith("goal.") else tag


def _import(library: str, words: list[str]) -> str:
    return f"from {library} import {', '.join(words)}\n" if words else ""


def _build_package(words: str, modules: Iterable[str]) -> str:
    package = "models" if "Struct" in words else "requests"
    lines = [f"from plimsoll_client.{package}.{module} import *\n" for module in sorted(modules)]
    events = [module for module in sorted(modules) if module.endswith("_events")]
    if events:
        lines.append(f"from plimsoll_client.models import {', '.join(events)}\n\n")
        lines.append("#: Type of an event -> the Struct of its `data`.\nEVENT_DATA = {")
        lines.append("".join(f"**{module}.EVENT_DATA, " for module in events) + "}\n")
    return "".join([f'"""{words} Generated: see `tests/contracts/client_source.py`."""\n\n', *lines])


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
