"""The OpenAPI 3.1 document, made of the operations that the handlers obey and the Structs that they decode.

Litestar's own generator drops `additionalProperties`, discriminators and constraints of list items, so the components
come from msgspec, which is what validates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from services.api.carried import CARRIED
from services.api.components import REF, Components, without_null
from services.api.http.problems import MEDIA_TYPE, PROBLEM_DEFINITIONS, Problem
from services.api.http.responses import JSON
from services.api.operations import Operation, Route, Weight

#: Of the contract, not of the package: raised when something is added to it.
VERSION = "1.0.0"
_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
#: What every route may answer; those that need a key also the second list.
_COMMON_CODES = ("malformed", "internal", "unavailable", "stopping")
_AUTHENTICATED_CODES = ("unauthenticated", "insufficient_scope", "forbidden", "invalid_field", "rate_limited")

#: NDJSON. A generator of clients without support for NDJSON takes it as bytes.

_DESCRIPTION = """\
Promises in, overload and drift out. Commands say what happened; nothing is ever edited in place.

* Every error is a problem (RFC 9457); `code` is the contract, `/problems/<code>` explains it.
* `Idempotency-Key` makes a POST safe to repeat; `If-Match` takes the `ETag` of the last answer.
* `after_position` (query) or `Plimsoll-After-Position` makes a read wait, bounded, for what you wrote.
* Wherever an id of a team, member or goal is taken, its external reference is taken too.
"""


def build_openapi_document(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document."""
    schemas = Components([route.operation for route in routes])
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


def _build_operation(path: str, operation: Operation, schemas: Components) -> dict[str, Any]:
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
        if operation.id in CARRIED:
            entry["x-carries"] = sorted(CARRIED[operation.id])
    if operation.body is not None:
        schema = schemas.build_body_schema(operation.body)
        entry["requestBody"] = {"required": _is_body_required(operation), "content": {JSON: {"schema": schema}}}
    elif operation.body_media != JSON:
        entry["requestBody"] = {
            "required": True,
            "content": {
                media: {"schema": {"type": "string", "format": "binary", "description": operation.body_words}}
                for media in (operation.body_media, *operation.other_body_media)
            },
        }
    return entry


def _is_body_required(operation: Operation) -> bool:
    """An empty body counts as `{}`: it is required where that would not do."""
    try:
        msgspec.json.decode(b"{}", type=operation.body)
    except msgspec.ValidationError:
        return True
    return False


def _build_parameters(path: str, operation: Operation, schemas: Components) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": words,
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "examples": [example]},
        }
        for name in _PATH_PARAMETER.findall(path)
        for words, example in [_PATH_WORDS.get(name) or _PATH_WORDS[operation.tag]]
    ]
    query: str = schemas.find_schema(operation.query)["$ref"]
    shape = schemas.queries[query.removeprefix(REF)]
    for name, schema in shape["properties"].items():
        parameter = {
            "name": name,
            "in": "query",
            "required": name in shape["required"],
            "schema": without_null(schema),
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


def _build_responses(path: str, operation: Operation, schemas: Components) -> dict[str, Any]:
    media: dict[str, Any] = {}
    for name in operation.media:
        structured = operation.answer is not None and name.endswith("json")
        media[name] = {"schema": schemas.find_schema(operation.answer) if structured else _plain_schema(name)}
    headers = ["ETag"] if operation.command or operation.reads_view else []
    if headers or "position" in getattr(operation.answer, "__struct_fields__", ()):
        headers.append("Plimsoll-Position")
    if operation.reads_view:
        headers += ["Plimsoll-As-Of", "Plimsoll-Recorded-As-Of", "Plimsoll-Lag", "Plimsoll-Degraded"]
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


def _plain_schema(media: str) -> dict[str, Any]:
    """The schema of what has no Struct: another standard's document, or text."""
    return {"type": "object", "additionalProperties": True} if media.endswith("json") else {"type": "string"}


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
    if operation.weight in (Weight.LIGHT, Weight.PAGE, Weight.REPORT, Weight.IMPORT):
        codes += ["too_many_at_once", "overloaded"]
    if operation.weight in (Weight.REPORT, Weight.IMPORT):
        codes += ["deadline_exceeded"]
    return list(dict.fromkeys(codes))


#: What a parameter of a path names, and an example; the acts of members and teams call it `ref`.
_PATH_WORDS: dict[str, tuple[str, str]] = {
    "goal": ("Id or external reference of the goal.", "report-1"),
    "of": ("Whose charter it is: id or reference of a team, or `organisation`.", "core"),
    "cycle": ("Id or external reference of the cycle.", "spring"),
    "decision": ("Id or external reference of the decision.", "on-call"),
    "experiment": ("Id or external reference of the experiment.", "a-line-on-fridays"),
    "pulse": ("Id or external reference of the pulse; its id where it is answered.", "autumn"),
    "recognition": ("Id or external reference of the recognition.", "thanks-ben"),
    "member": ("Id or external reference of the member.", "ana"),
    "members": ("Id or external reference of the member.", "ana"),
    "team": ("Id or external reference of the team.", "core"),
    "teams": ("Id or external reference of the team.", "core"),
    "key": ("Id of the API key, as the list of keys has it.", "01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35"),
    "subscription": ("Id of the subscription.", "01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35"),
    "event": ("Id of the event.", "01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35"),
    "type": ("Type of the event, with its version.", "goal.promised.v1"),
    "mart": ("Name of the mart, as docs/bi.md lists them.", "fact_goal_change"),
    "code": ("Code of the problem, as every problem has it.", "version_conflict"),
}

_PARAMETERS: dict[str, Any] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a repeated request one request, for 7 days; the same key with another body is refused.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[ -~]+$",
            "examples": ["01977f6e-8d3a-7c51-9e2b-4f0a6d8c1b35"],
        },
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": 'The version that you saw: `"v7"`, or a list of them. Where the stream has moved on: 412.',
        "schema": {"type": "string", "examples": ['"v7"']},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag that you have: 304 where it still holds.",
        "schema": {"type": "string", "examples": ['"v7"']},
    },
    "AfterPosition": {
        "name": "Plimsoll-After-Position",
        "in": "header",
        "description": "Wait (bounded) until the read model contains the event at this position, as `after_position`.",
        "schema": {"type": "integer", "minimum": 0, "examples": [120]},
    },
}

_HEADERS: dict[str, Any] = {
    "ETag": {"description": "Strong; of a stream's current state it is its version.", "schema": {"type": "string"}},
    "Plimsoll-Position": {"description": "The organisation's position that is in it.", "schema": {"type": "integer"}},
    "Plimsoll-As-Of": {"description": "The business time that it answers for.", "schema": {"type": "string"}},
    "Plimsoll-Recorded-As-Of": {
        "description": "When the last event that it knows was recorded: as `recorded_as_of` it brings the same answer.",
        "schema": {"type": "string", "format": "date-time"},
    },
    "Plimsoll-Lag": {"description": "Events that the slowest read model is behind.", "schema": {"type": "integer"}},
    "Plimsoll-Degraded": {
        "description": "Read models that hold back a stream of this organisation.",
        "schema": {"type": "string"},
    },
}
