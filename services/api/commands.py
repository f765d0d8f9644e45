"""From an act to its response: one command, retried on conflict, answered with a summary, its ETag and position."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.errors import AlreadyExists, IdempotencyMismatch, InvalidField, NotFound, Refusal, VersionConflict
from domain.goal.acts import RecordValue
from domain.references import require_external_reference, resolve_stream_id
from ledger.commands import Command, IdempotencyKey, Receipt
from services.api.context import RequestContext
from services.api.http.entity_tags import parse_entity_tags
from services.api.http.problems import ProblemError, field_error
from services.api.http.responses import HttpResponse, encode, format_version_etag
from services.api.operations import Handler, Operation, Route, command_route
from services.authorization import ACT, ADMIN, DECIDE, can_see_everything, roles_for_command
from services.visibility.policy import STREAM_REQUIREMENTS, with_read_scope

#: How often a command is decided again after a conflict before the conflict is answered.
_MAX_ATTEMPTS = 5
_MAX_PAUSE_SECONDS = 0.05


async def execute(
    context: RequestContext, kind: str, stream_id: UUID, act: Any, *, creates: bool = False, begins: bool = False
) -> Receipt:
    """Record one act of the viewer's; no thread waits for it.

    `begins`: the stream begins with its first act, whichever that is.
    Raises the domain's refusals, `NotFound` for an act on a missing stream, `Forbidden` where the viewer may not know
    how it stands, ProblemError 409 `busy` where others kept winning, and what the ledger raises.
    """
    command = build_command(context, kind, stream_id, act, creates=creates)
    if begins:
        command = replace(command, must_exist=False)
    for _ in range(_MAX_ATTEMPTS):
        try:
            return await context.runtime.handle_async(command)
        except VersionConflict:
            if creates:
                raise AlreadyExists(pointer="/ref") from None
            if command.expected_versions is not None:
                await _require_visible(context, kind, stream_id)
                raise
            # Jitter: commands that met must not meet again (10-35 % failures without, at 8 writers on one goal).
            await asyncio.sleep(random.uniform(0, _MAX_PAUSE_SECONDS))  # noqa: S311 - not a secret
        except Refusal as refusal:
            if not (creates or _is_safe_to_reveal(act, refusal)):
                await _require_visible(context, kind, stream_id)
            raise
    raise ProblemError("busy", headers={"Retry-After": "1"})


def _is_safe_to_reveal(act: Any, refusal: Refusal) -> bool:
    """Whether the refusal is about the request alone: a key used twice, an integration's value."""
    return isinstance(refusal, IdempotencyMismatch) or (
        isinstance(act, RecordValue) and isinstance(refusal, InvalidField)
    )


async def _require_visible(context: RequestContext, kind: str, stream_id: UUID) -> None:
    """A refusal reveals the state, by its text or by its code: it is replaced for viewers who may not see the goal."""
    # What its member may see counts: a key that can only act is refused for what it may not do, not for its scope.
    viewer = with_read_scope(context.viewer)
    require_visible = STREAM_REQUIREMENTS.get(kind)
    if require_visible is not None and not can_see_everything(viewer):
        require_visible(viewer, await asyncio.to_thread(require_stream, context, kind, stream_id))


def require_stream(context: RequestContext, kind: str, stream_id: UUID) -> Any:
    """The stream's state in the viewer's organisation; raises `NotFound`. It queries the store: only for threads."""
    entry = context.runtime.ledger.load_current(context.viewer.organisation_id, kind, stream_id)
    if entry is None:
        raise NotFound(f"no such {kind}")
    return entry.state


def require_visible_stream(context: RequestContext, kind: str, stream_id: UUID) -> UUID:
    """The id of a stream that the viewer may see as it stands now. It queries the store: only for threads.

    Raises `NotFound`, or `Forbidden`: who may see it is a matter of now, not of the time that is asked about.
    """
    STREAM_REQUIREMENTS[kind](context.viewer, require_stream(context, kind, stream_id))
    return stream_id


def new_stream_id(context: RequestContext, kind: str, ref: str | None) -> UUID:
    """The id of a stream that an act begins: by its reference, so that it begins once, or a new one.

    Raises `InvalidField` for a reference that may not be one.
    """
    if not ref:
        return context.runtime.new_id()
    return resolve_stream_id(context.viewer.organisation_id, kind, require_external_reference(ref))


def build_command(context: RequestContext, kind: str, stream_id: UUID, act: Any, *, creates: bool = False) -> Command:
    """The act as the ledger takes it, with the viewer as actor and the roles that the key conveys."""
    viewer, if_match = context.viewer, context.headers.get("if-match")
    idempotency = None
    if context.idempotency_key is not None:
        # Scoped to member and route. The digest covers what the path names too: another goal is another request.
        digested = msgspec.json.encode([None if creates else stream_id, act], order="sorted")
        idempotency = IdempotencyKey(
            scope=_format_idempotency_scope(viewer.member_id, context.operation.id),
            key=context.idempotency_key,
            digest=hashlib.sha256(digested).hexdigest(),
        )
    return Command(
        organisation_id=viewer.organisation_id,
        kind=kind,
        stream_id=stream_id,
        act=act,
        actor=viewer.member_id,
        key_id=viewer.key_id,
        roles=roles_for_command(viewer),
        must_exist=not creates,
        expected_versions=(0,) if creates else None if if_match is None else _parse_if_match(if_match),
        idempotency=idempotency,
    )


def _parse_if_match(if_match: str) -> tuple[int, ...] | None:
    """The versions that `If-Match` names, none where no tag of it is ours (RFC 9110, 13.1.1).

    None for `*`, which asks for existence alone, as every act on a stream does anyway.
    """
    tags = parse_entity_tags(if_match)
    if tags is None:
        raise field_error("/If-Match", 'entity tags, such as "v7", parted by commas; or *', where="header")
    return None if tags.any else tags.versions


@lru_cache(maxsize=4096)
def _format_idempotency_scope(member_id: UUID, route: str) -> str:
    """Whose key it is, and what for."""
    return f"{member_id} {route}"


def command_response(summary: Any, receipt: Receipt, *, created: bool = False) -> HttpResponse:
    """The answer of a command; `created`: a 201 with the address of the stream that it began."""
    headers = {"ETag": format_version_etag(receipt.version), "Plimsoll-Position": str(receipt.position)}
    if receipt.replayed:
        headers["Idempotent-Replayed"] = "true"
    if created:
        kind, _, stream_id = receipt.stream.partition("/")
        headers["Location"] = f"/v1/{kind}s/{stream_id}"
    return HttpResponse(body=encode(summary), status=201 if created else 200, headers=headers)


def act_routes(
    kind: str,
    acts: Iterable[type[Any]],
    answer: type[Any],
    handler: Handler,
    *,
    codes: tuple[str, ...],
    parameter: str = "",
    guest_acts: tuple[type[Any], ...] = (),
) -> list[Route]:
    """`POST /v1/<kind>s/{<parameter>}/<act>` for each act: its Struct is the body, `do` may be left out.

    `parameter`: the kind where not given. `guest_acts`: those that a guest's key may send too.
    """
    routes = []
    for act in acts:
        name = str(act.__struct_config__.tag).removeprefix(f"{kind}.")
        summary = (act.__doc__ or "").strip().partition("\n")[0]
        operation = Operation(
            id=f"{kind}.{name}",
            summary=f"{name.replace('_', ' ').capitalize()}. {summary}".strip(),
            tag=f"{kind}s",
            scopes=(ACT, ADMIN, DECIDE) if act in guest_acts else (ACT, ADMIN),
            body=act,
            answer=answer,
            codes=codes,
            command=True,
            idempotent=True,
        )
        path = f"/v1/{kind}s/{{{parameter or kind}}}/{name.replace('_', '-')}"
        routes.append(command_route(path, operation)(handler))
    return routes
