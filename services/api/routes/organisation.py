"""The organisation's name, history and policies, and who one is here."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.errors import NotFound
from domain.organisation.organisation import Organisation, RenameOrganisation, SetPolicy
from projections.as_of import AsOf
from projections.history import history
from projections.people import organisation_at
from projections.streams import load_versions_at
from services.api.commands import command_response, execute
from services.api.context import RequestContext
from services.api.http.responses import HttpResponse, json_response
from services.api.operations import AsOfQuery, HistoryQuery, Operation, Route, command_route, query_route
from services.api.queries import history_response, read_response, requested_as_of
from services.api.summaries import PolicySummary, StreamSummary, policy_summary
from services.authorization import ADMIN, READ


@query_route(
    "/v1/policies",
    Operation(
        id="getPolicies",
        summary="The policies in force, and every version before",
        tag="organisation",
        scopes=(READ,),
        query=AsOfQuery,
        answer=PolicySummary,
        reads_view=True,
    ),
)
def get_policies(context: RequestContext) -> HttpResponse:
    view = requested_as_of(context)
    organisation, version = _load_organisation(context, view)
    return read_response(context, policy_summary(organisation, view.policy, version), view)


@command_route(
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
async def set_policies(context: RequestContext) -> HttpResponse:
    receipt = await execute(context, "organisation", context.viewer.organisation_id, context.body)
    organisation: Organisation = receipt.state
    summary = policy_summary(
        organisation,
        organisation.policies[-1],
        receipt.version,
        position=receipt.position,
        events=receipt.event_ids,
    )
    return command_response(summary, receipt)


class OrganisationSummary(StreamSummary, frozen=True, kw_only=True, omit_defaults=True):
    """What the organisation is called, and the time zone in which its dates are meant."""

    name: str
    zone: str


@query_route(
    "/v1/organisation",
    Operation(
        id="getOrganisation",
        summary="What the organisation is called, or was at any time",
        tag="organisation",
        scopes=(READ,),
        query=AsOfQuery,
        answer=OrganisationSummary,
        reads_view=True,
    ),
)
def get_organisation(context: RequestContext) -> HttpResponse:
    view = requested_as_of(context)
    found, version = _load_organisation(context, view)
    return read_response(context, _summarise(found, version), view)


@query_route(
    "/v1/organisation/history",
    Operation(
        id="getOrganisationHistory",
        summary="Each event of the organisation itself in plain words: names, policies, sources",
        tag="organisation",
        scopes=(READ,),
        query=HistoryQuery,
        answer=history.HistoryPage,
        reads_view=True,
    ),
)
def get_organisation_history(context: RequestContext) -> HttpResponse:
    view = requested_as_of(context)
    return history_response(context, view, context.viewer.organisation_id)


def _load_organisation(context: RequestContext, view: AsOf) -> tuple[Organisation, int]:
    database = context.runtime.database
    found = organisation_at(database, view)
    if found is None:
        raise NotFound("the organisation did not exist at that time")
    return found, load_versions_at(database, view, "organisations", [found.id]).get(found.id, 0)


def _summarise(
    organisation: Organisation, version: int, *, position: int | None = None, events: list[UUID] | None = None
) -> OrganisationSummary:
    return OrganisationSummary(
        id=organisation.id,
        version=version,
        position=position,
        events=events,
        name=organisation.name,
        zone=organisation.zone,
    )


@command_route(
    "/v1/organisation/rename",
    Operation(
        id="renameOrganisation",
        summary="Give the organisation another name; its id and references stay",
        tag="organisation",
        scopes=(ADMIN,),
        body=RenameOrganisation,
        answer=OrganisationSummary,
        codes=("version_conflict", "busy"),
        command=True,
        idempotent=True,
    ),
)
async def rename_organisation(context: RequestContext) -> HttpResponse:
    receipt = await execute(context, "organisation", context.viewer.organisation_id, context.body)
    summary = _summarise(receipt.state, receipt.version, position=receipt.position, events=receipt.event_ids)
    return command_response(summary, receipt)


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


@query_route(
    "/v1/me",
    Operation(
        id="whoAmI", summary="Who this key speaks for, and its roles", tag="organisation", scopes=(READ,), answer=Me
    ),
)
def get_me(context: RequestContext) -> HttpResponse:
    viewer = context.viewer
    organisation = context.runtime.ledger.load(viewer.organisation_id, "organisation", viewer.organisation_id)
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
    return json_response(me)


ROUTES: list[Route] = [
    get_policies,
    set_policies,
    get_organisation,
    get_organisation_history,
    rename_organisation,
    get_me,
]
