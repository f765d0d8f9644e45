"""The AsyncAPI 3.0 document of what is sent: the feed, the live stream, sinks and, where there are any, webhooks.

Its schemas are those of the OpenAPI document, in the form that AsyncAPI's own schema object has (JSON Schema
draft 7 with a discriminator that is a name).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.registry import DEPRECATIONS, EVENTS
from services.api.component_names import component_name
from services.api.openapi import VERSION, build_openapi_document
from services.api.operations import Route
from services.cloud_events import BATCH_MEDIA_TYPE, MEDIA_TYPE

_REF = "#/components/schemas/"
_ATTRIBUTES = "CloudEventAttributes"
_ANY_EVENT = "AnyEvent"
#: Of an event's attributes those that a test message has.
_TEST_ATTRIBUTES = ("specversion", "source", "subject", "time", "datacontenttype")
_THIN_EVENT, _TEST_EVENT, _WEBHOOK_HEADERS = "ThinEvent", "WebhookTest", "WebhookHeaders"
_FEED, _STREAM, _SUBSCRIPTIONS = "/v1/events", "/v1/events/stream", "/v1/subscriptions"

_DESCRIPTION = """\
Every event is a CloudEvent 1.0.2. The feed, the stream and webhooks send the same ones, in commit order, as the member
of the key or subscription sees them. Fields are added to a type, never removed or changed: that makes a new version.
"""


def build_asyncapi_document(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document, of the channels that these routes open."""
    openapi: Mapping[str, Any] = build_openapi_document(routes)["components"]["schemas"]
    schemas = _build_schemas(openapi)
    channels = _build_channels({route.path for route in routes})
    return {
        "asyncapi": "3.0.0",
        "id": "urn:plimsoll:events",
        "defaultContentType": MEDIA_TYPE,
        "info": {
            "title": "Plimsoll events",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Proprietary"},
        },
        "servers": {
            "api": {
                "host": "{host}",
                "protocol": "http",
                "description": "This server.",
                "variables": {"host": {"default": "127.0.0.1:8000", "description": "Host and port."}},
                "security": [{"$ref": "#/components/securitySchemes/key"}],
            }
        },
        "channels": {name: channel for name, (channel, _) in channels.items()},
        "operations": {
            f"send{name.capitalize()}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}, **operation}
            for name, (_, operation) in channels.items()
        },
        "components": {
            "messages": {
                **{tag: _build_message(tag) for tag in sorted(EVENTS)},
                "batch": _BATCH_MESSAGE,
                **(_WEBHOOK_MESSAGES if "webhooks" in channels else {}),
            },
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key: `plim_...`."}},
        },
    }


# --- channels --------------------------------------------------------------------------------------------------------


def _build_channels(paths: set[str]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Name -> channel object, and the fields of its operation that differ from channel to channel."""
    events = {tag: {"$ref": f"#/components/messages/{tag}"} for tag in sorted(EVENTS)}
    served = {"servers": [{"$ref": "#/servers/api"}]}
    channels: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "feed": (
            {
                "address": _FEED,
                "title": "The pull feed",
                "description": 'Pages behind a position; follow `Link: rel="next"` and nothing is missed.',
                "messages": {"batch": {"$ref": "#/components/messages/batch"}},
                **served,
            },
            _build_operation("GET", "Answer a page of events, once there is one"),
        ),
        "stream": (
            {
                "address": _STREAM,
                "title": "The live stream",
                "description": "Server-sent events behind `Last-Event-ID`; `id` is `<epoch>.<position>`.",
                "messages": events,
                **served,
            },
            _build_operation("GET", "Send events as they come"),
        ),
        "sinks": _build_sinks(events),
    }
    if _SUBSCRIPTIONS in paths:
        channels["webhooks"] = _build_webhooks(events)
    return channels


def _build_sinks(events: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        {
            # A broker is the operator's: its address is not known here.
            "address": None,
            "title": "Sinks",
            "description": (
                "The log, as `plimsoll sink` sends it to the operator's broker: field `event` of the entry"
                " `<position>-0` of a Redis stream, or a message of NATS JetStream at"
                " `<stream>.<organisation id>.<type>`, with the event's id as `Nats-Msg-Id`; in Kafka, in binary"
                " content mode: the attributes are headers `ce_...`, the message is the event's `data`, its key the"
                " `partitionkey`."
            ),
            "messages": events,
        },
        {"summary": "Append events to a broker's stream"},
    )


def _build_webhooks(events: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        {
            # Each subscription has its own.
            "address": None,
            "title": "Webhooks",
            "description": (
                "POST to the address of a subscription, signed as Standard Webhooks say (`webhook-id`,"
                " `webhook-timestamp`, `webhook-signature`), in order per subject, again until it is answered 2xx. A"
                " subscription whose payload is `thin`, or `auto` where an event may be about persons, is sent the"
                " envelope alone (`thin`); `webhook.test` is sent on demand."
            ),
            "messages": {
                **events,
                **{name: {"$ref": f"#/components/messages/{name}"} for name in _WEBHOOK_MESSAGES},
            },
        },
        _build_operation("POST", "Send events to a subscription's address"),
    )


def _build_operation(method: str, summary: str) -> dict[str, Any]:
    return {"summary": summary, "bindings": {"http": {"method": method, "bindingVersion": "0.3.0"}}}


# --- messages --------------------------------------------------------------------------------------------------------

_BATCH_MESSAGE: dict[str, Any] = {
    "name": "batch",
    "title": "A page of the feed",
    "summary": "Events in commit order.",
    "contentType": BATCH_MEDIA_TYPE,
    "payload": {"type": "array", "items": {"$ref": _REF + _ANY_EVENT}},
}


#: What webhooks send besides whole events.
_WEBHOOK_MESSAGES: dict[str, Any] = {
    "thin": {
        "name": "thin",
        "title": "An event without its data",
        "summary": "Of which type and stream an event was; the rest is to be asked for by those who may see it.",
        "contentType": MEDIA_TYPE,
        "headers": {"$ref": _REF + _WEBHOOK_HEADERS},
        "payload": {"$ref": _REF + _THIN_EVENT},
    },
    "webhook.test": {
        "name": "webhook.test",
        "title": "A test",
        "summary": "Stands for no event.",
        "contentType": MEDIA_TYPE,
        "headers": {"$ref": _REF + _WEBHOOK_HEADERS},
        "payload": {"$ref": _REF + _TEST_EVENT},
    },
}


def _build_message(tag: str) -> dict[str, Any]:
    words = " ".join((EVENTS[tag].__doc__ or "").split())
    deprecation = DEPRECATIONS.get(tag)
    message: dict[str, Any] = {
        "name": tag,
        "title": tag,
        "summary": words,
        "contentType": MEDIA_TYPE,
        "correlationId": {"location": "$message.payload#/correlationid", "description": "The same for one command."},
        "payload": {"$ref": _REF + _event_name(tag)},
    }
    if deprecation is not None:
        message["tags"] = [{"name": "deprecated", "description": deprecation.describe()}]
    return message


# --- schemas ---------------------------------------------------------------------------------------------------------


def _event_name(tag: str) -> str:
    return f"CloudEvent.{tag}"


def _build_schemas(openapi: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes, one schema for each type, the union of them, and the schemas of their data."""
    event = openapi["CloudEvent"]
    attributes = {name: shape for name, shape in event["properties"].items() if name not in ("type", "data")}
    found: dict[str, Any] = {
        _ATTRIBUTES: {
            "type": "object",
            "description": event["description"],
            "required": [name for name in event["required"] if name not in ("type", "data")],
            "properties": attributes,
        },
        _ANY_EVENT: {
            "description": "Any event; its `type` says which.",
            "discriminator": "type",
            "oneOf": [{"$ref": _REF + _event_name(tag)} for tag in sorted(EVENTS)],
        },
    }
    found |= _build_webhook_schemas(found[_ATTRIBUTES])
    for tag, cls in sorted(EVENTS.items()):
        data = component_name(cls)
        found[_event_name(tag)] = {
            "allOf": [{"$ref": _REF + _ATTRIBUTES}],
            "type": "object",
            "required": ["type", "data"],
            "properties": {"type": {"type": "string", "const": tag}, "data": {"$ref": _REF + data}},
            **({"deprecated": True} if tag in DEPRECATIONS else {}),
        }
        _add_with_references(data, openapi, found)
    return {name: _as_draft_7(schema) for name, schema in sorted(found.items())}


_HEADERS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "As Standard Webhooks say; names in any case.",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature", "plimsoll-subscription"],
    "properties": {
        "webhook-id": {
            "type": "string",
            "description": "The same for an event and a subscription, however often sent.",
        },
        "webhook-timestamp": {"type": "string", "pattern": "^[0-9]+$", "description": "Unix time of the attempt."},
        "webhook-signature": {
            "type": "string",
            "pattern": "^v1a?,[A-Za-z0-9+/=]+( v1a?,[A-Za-z0-9+/=]+)*$",
            "description": "One for each secret (v1) and key pair (v1a) in force.",
        },
        "plimsoll-subscription": {"type": "string", "format": "uuid", "description": "Id of the subscription."},
    },
}


def _build_webhook_schemas(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What messages hold that are no whole events, and what every message has in its head."""
    text, kind = {"type": "string"}, {"type": "string", "enum": sorted(EVENTS)}
    required = [name for name in attributes["required"] if name != "datacontenttype"]
    return {
        _THIN_EVENT: {
            "type": "object",
            "description": "The attributes of an event, and no words of persons.",
            "required": ["type", *required],
            "properties": {"type": kind, **attributes["properties"]},
            "not": {"anyOf": [{"required": [name]} for name in ("data", "datacontenttype", "reasontext")]},
        },
        _TEST_EVENT: {
            "type": "object",
            "description": "A CloudEvent that stands for no event of the log.",
            "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"],
            "properties": {
                "type": {"type": "string", "const": "webhook.test"},
                "data": {
                    "type": "object",
                    "description": "Of which subscription it is a test.",
                    "required": ["subscription"],
                    "properties": {"subscription": {**text, "description": "Its address at this server."}},
                },
                **{name: attributes["properties"][name] for name in _TEST_ATTRIBUTES},
                "id": {**text, "description": "Another one for each test."},
            },
        },
        _WEBHOOK_HEADERS: _HEADERS_SCHEMA,
    }


def _add_with_references(name: str, openapi: Mapping[str, Any], found: dict[str, Any]) -> None:
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = openapi[name]
            waiting += _list_references(openapi[name])


def _list_references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(ref := schema.get("$ref"), str):
            yield ref.removeprefix(_REF)
        for part in schema.values():
            yield from _list_references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _list_references(part)


def _as_draft_7(schema: Any) -> Any:
    """The schema without what JSON Schema 2020-12 and OpenAPI 3.1 have of their own."""
    if isinstance(schema, list):
        return [_as_draft_7(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    # Objects are open, as in the events' own schemas: readers are to ignore fields that they do not know.
    closed = ("additionalProperties", False)
    found = {key: _as_draft_7(part) for key, part in schema.items() if (key, part) != closed}
    if isinstance(discriminator := schema.get("discriminator"), dict):
        found["discriminator"] = discriminator["propertyName"]
    if "prefixItems" in found:
        items = found.pop("items", True)
        found["items"] = found.pop("prefixItems")
        found["additionalItems"] = items
    return found
