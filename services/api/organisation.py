"""The organisation's policies, and who one is here."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from domain.errors import NotFound
from domain.organisation import Organisation, SetPolicy
from projections.people import organisation_at
from services.access import ADMIN, READ
from services.api.answers import Answer, json_answer
from services.api.call import Call
from services.api.looking import asked, shown, versions_at
from services.api.operations import AsOfQuery, Operation, posts, reads
from services.api.recording import record, recorded
from services.api.summaries import PolicySummary, of_policies


@reads(
    "/v1/policies",
    Operation(
        id="getPolicies",
        summary="The policies in force, and every version before",
        tag="organisation",
        scopes=(READ,),
        query=AsOfQuery,
        answer=PolicySummary,
        fresh=True,
    ),
)
def get_policies(call: NamedDependency[Call]) -> Answer:
    view = asked(call)
    organisation = organisation_at(call.runtime.database, view)
    if organisation is None:
        raise NotFound("the organisation did not exist at that time")
    version = versions_at(call, view, "organisations").get(str(organisation.id), 0)
    return shown(call, of_policies(organisation, view.policy, version), view)


@posts(
    "/v1/policies",
    Operation(
        id="setPolicies",
        summary="Change policies: a new version from now on; name only the dials that change",
        tag="organisation",
        scopes=(ADMIN,),
        body=SetPolicy,
        answer=PolicySummary,
        codes=("version_conflict", "busy"),
        command=True,
        idempotent=True,
    ),
)
async def set_policies(call: NamedDependency[Call]) -> Answer:
    receipt = await record(call, "organisation", call.viewer.organisation_id, call.body)
    organisation: Organisation = receipt.state
    summary = of_policies(
        organisation,
        organisation.policies[-1],
        receipt.version,
        position=receipt.position,
        events=receipt.event_ids,
    )
    return recorded(summary, receipt)


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The key's member, and what follows from it."""

    organisation: UUID
    organisation_name: str
    zone: str
    member: UUID
    scopes: list[str]
    roles: list[str]
    teams: list[UUID]
    leads: list[UUID]


@reads(
    "/v1/me",
    Operation(
        id="whoAmI", summary="Who this key speaks for, and its roles", tag="organisation", scopes=(READ,), answer=Me
    ),
)
def get_me(call: NamedDependency[Call]) -> Answer:
    viewer = call.viewer
    organisation = call.runtime.ledger.load(viewer.organisation_id, "organisation", viewer.organisation_id)
    if not isinstance(organisation, Organisation):
        raise NotFound("no such organisation")
    me = Me(
        organisation=viewer.organisation_id,
        organisation_name=organisation.name,
        zone=organisation.zone,
        member=viewer.member_id,
        scopes=sorted(viewer.scopes),
        roles=list(viewer.roles),
        teams=sorted(viewer.teams, key=str),
        leads=sorted(viewer.leads, key=str),
    )
    return json_answer(me, if_none_match=call.headers.get("if-none-match"))


ROUTES: list[HTTPRouteHandler] = [get_policies, set_policies, get_me]
