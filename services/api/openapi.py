"""The OpenAPI 3.1 document, made of the operations that the handlers obey and the Structs that they decode.

Litestar's own generator drops `additionalProperties`, discriminators and constraints of list items, so the components
come from msgspec, which is what validates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, get_args

import msgspec

from services.api.component_names import component_name, msgspec_names, published_classes
from services.api.http.problems import MEDIA_TYPE, PROBLEM_DEFINITIONS, Problem
from services.api.http.responses import JSON
from services.api.operations import Operation, Route

#: Of the contract, not of the package: raised when something is added to it.
VERSION = "1.0.0"
_REF = "#/components/schemas/"
_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
#: What every route may answer; those that need a key also the second list.
_COMMON_CODES = ("malformed", "internal", "unavailable", "stopping")
_AUTHENTICATED_CODES = ("unauthenticated", "insufficient_scope", "forbidden", "invalid_field", "rate_limited")

_DESCRIPTION = """\
Promises in, overload and drift out. Commands say what happened; nothing is ever edited in place.

* Every error is a problem (RFC 9457); `code` is the contract, `/problems/<code>` explains it.
* `Idempotency-Key` makes a POST safe to repeat; `If-Match` takes the `ETag` of the last answer.
* `after_position` (query) or `Plimsoll-After-Position` makes a read wait, bounded, for what you wrote.
* Wherever an id of a team, member or goal is taken, its external reference is taken too.
"""


def build_openapi_document(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document."""
    schemas = _Schemas([route.operation for route in routes])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _build_operation(route.path, route.operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plimsoll",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Proprietary"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key: `plim_...`."},
            },
        },
    }


# --- operations --------------------------------------------------------------------------------------------------


def _build_operation(path: str, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _build_parameters(path, operation, schemas),
        "responses": _build_responses(path, operation, schemas),
    }
    if not operation.scopes:
        entry["security"] = []
    else:
        entry["description"] = f"Scope: {' or '.join(operation.scopes)}."
    if operation.body is not None:
        schema = schemas.build_body_schema(operation.body)
        entry["requestBody"] = {"required": _is_body_required(operation), "content": {JSON: {"schema": schema}}}
    elif operation.body_media != JSON:
        entry["requestBody"] = {
            "required": True,
            "content": {operation.body_media: {"schema": {"description": "One act a line."}}},
        }
    return entry


def _is_body_required(operation: Operation) -> bool:
    """An empty body counts as `{}`: it is required where that would not do."""
    try:
        msgspec.json.decode(b"{}", type=operation.body)
    except msgspec.ValidationError:
        return True
    return False


def _build_parameters(path: str, operation: Operation, schemas: _Schemas) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "An id or an external reference.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }
        for name in _PATH_PARAMETER.findall(path)
    ]
    query: str = schemas.find_schema(operation.query)["$ref"]
    shape = schemas.queries[query.removeprefix(_REF)]
    for name, schema in shape["properties"].items():
        parameter = {
            "name": name,
            "in": "query",
            "required": name in shape["required"],
            "schema": _remove_null(schema),
        }
        if "description" in schema:
            parameter["description"] = schema["description"]
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        found.append(parameter)
    shared = [
        ("IdempotencyKey", operation.idempotent),
        ("IfMatch", operation.command and operation.status != HTTPStatus.CREATED),
    ]
    shared += [("AfterPosition", operation.reads_view), ("IfNoneMatch", operation.reads_view)]
    return found + [{"$ref": f"#/components/parameters/{name}"} for name, taken in shared if taken]


def _remove_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out is not null."""
    kept = {name: value for name, value in schema.items() if name != "default" or value is not None}
    options = [option for option in kept.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        return {**{k: v for k, v in kept.items() if k != "anyOf"}, **options[0]}
    return {**kept, "anyOf": options} if options else kept


def _build_responses(path: str, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    media: dict[str, Any] = {}
    for name in operation.media:
        structured = operation.answer is not None and name.endswith("json")
        media[name] = {"schema": schemas.find_schema(operation.answer)} if structured else {}
    headers = ["ETag", "Plimsoll-Position"] if operation.command or operation.reads_view else []
    headers += ["Plimsoll-As-Of", "Plimsoll-Lag", "Plimsoll-Degraded"] if operation.reads_view else []
    answers: dict[str, Any] = {
        str(operation.status): {
            "description": "Done." if operation.status == HTTPStatus.OK else "Created.",
            "content": media,
            **({"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers}} if headers else {}),
        }
    }
    if operation.reads_view:
        answers["304"] = {"description": "You have these bytes already."}
    by_status: dict[int, list[str]] = {}
    for code in _list_problem_codes(path, operation):
        by_status.setdefault(PROBLEM_DEFINITIONS[code].status, []).append(code)
    problem = {"content": {MEDIA_TYPE: {"schema": schemas.find_schema(Problem)}}}
    for status, codes in sorted(by_status.items()):
        answers[str(status)] = {
            "description": "; ".join(f"`{c}`: {PROBLEM_DEFINITIONS[c].title}" for c in codes),
            **problem,
        }
    if operation.refusal is not None:
        either = {"anyOf": [schemas.find_schema(Problem), schemas.find_schema(operation.refusal)]}
        answers["422"] = {**answers["422"], "content": {MEDIA_TYPE: {"schema": either}}}
    return answers


def _list_problem_codes(path: str, operation: Operation) -> list[str]:
    codes = [*_COMMON_CODES, *operation.codes]
    if operation.scopes:
        codes += _AUTHENTICATED_CODES
        codes += ["not_found"] if operation.reads_view or operation.body is not None else []
    if "{" in path:
        codes += ["not_found", "invalid_field"]
    if operation.body is not None or operation.body_media != JSON:
        codes += ["body_too_large", "unsupported_media_type", "too_slow"]
    if operation.idempotent:
        codes += ["idempotency_key_reused"]
    if operation.reads_view or operation.id == "previewAct":
        codes += ["not_caught_up"]
    if operation.command:
        codes += ["refused", "in_the_future", "already_exists", "overloaded"]
    return list(dict.fromkeys(codes))


_PARAMETERS: dict[str, Any] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a repeated request one request, for 7 days; the same key with another body is refused.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'The version that you saw: `"v7"`. Where the stream has moved on: 412.',
        "schema": {"type": "string", "pattern": r'^(\*|"v[1-9][0-9]{0,17}")$'},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag that you have: 304 where it still holds.",
        "schema": {"type": "string"},
    },
    "AfterPosition": {
        "name": "Plimsoll-After-Position",
        "in": "header",
        "description": "As `after_position`.",
        "schema": {"type": "integer", "minimum": 0},
    },
}

_HEADERS: dict[str, Any] = {
    "ETag": {"description": "Strong; of a stream's current state it is its version.", "schema": {"type": "string"}},
    "Plimsoll-Position": {"description": "The organisation's position that is in it.", "schema": {"type": "integer"}},
    "Plimsoll-As-Of": {"description": "The business time that it answers for.", "schema": {"type": "string"}},
    "Plimsoll-Lag": {"description": "Events that the slowest read model is behind.", "schema": {"type": "integer"}},
    "Plimsoll-Degraded": {
        "description": "Read models that hold back a stream of this organisation.",
        "schema": {"type": "string"},
    },
}


# --- schemas -----------------------------------------------------------------------------------------------------


class _Schemas:
    """All components, each under the name that `COMPONENT_NAMES` gives its class."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        types: list[Any] = [Problem]
        for operation in operations:
            types += [
                t for t in (operation.query, operation.body, operation.answer, operation.refusal) if t is not None
            ]
        self._types = types
        schemas, components = msgspec.json.schema_components(types, ref_template=_REF + "{name}")
        self._classes = {
            key: cls for cls in published_classes(types) for key in msgspec_names(cls) if key in components
        }
        names = {key: component_name(cls) for key, cls in self._classes.items()}
        self._schemas = [_rename_references(schema, names) for schema in schemas]
        self.components: dict[str, Any] = {
            names[key]: _rename_references(schema, names) | ({"title": names[key]} if "title" in schema else {})
            for key, schema in sorted(components.items())
        }
        for operation in operations:
            self._make_do_optional(operation)
        # A query's Struct is printed as parameters.
        self.queries = {name: self.components[name] for name in {component_name(o.query) for o in operations}}
        for name in self.queries:
            del self.components[name]

    def find_schema(self, kind: Any) -> dict[str, Any]:
        """The schema (a reference, for a Struct) of a type that an operation names."""
        return next(s for t, s in zip(self._types, self._schemas, strict=True) if t is kind or t == kind)

    def build_body_schema(self, kind: Any) -> dict[str, Any]:
        """The schema of a body: a union asks for its tag, one act's route does not."""
        schema = self.find_schema(kind)
        if len(get_args(kind)) < 2:  # noqa: PLR2004 - a union has two
            return schema
        return {"type": "object", "required": ["do"], **schema}

    def _make_do_optional(self, operation: Operation) -> None:
        """`do` is optional where the route implies it; the body of a union requires it."""
        for kind in get_args(operation.body) or (operation.body,):
            if kind is None or not getattr(kind, "__struct_config__", None) or kind.__struct_config__.tag_field != "do":
                continue
            shape = self.components[component_name(kind)]
            shape["required"] = [name for name in shape.get("required", []) if name != "do"]


def _rename_references(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _rename_references(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rename_references(inner, names) for inner in value]
    if isinstance(value, str) and value.startswith(_REF):
        return _REF + names.get(value.removeprefix(_REF), value.removeprefix(_REF))
    return value
