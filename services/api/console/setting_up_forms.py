"""The forms by which an organisation is set up: which act each records, by which route, and its fields."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from domain.member import member as members
from domain.organisation import organisation as organisations
from domain.team import team as teams
from services.api.console.act_fields import FormContent, FormField, build_fields
from services.api.operations import Route
from services.api.routes import organisation as organisation_routes
from services.api.routes import people as people_routes
from services.authorization import ACT, ADMIN, Viewer, may_act

SETTING_UP = "/console/setting-up"


class SetUpForm(msgspec.Struct, frozen=True):
    """One form: its act, the route of `/v1` that records it, and what its button says."""

    act: type[msgspec.Struct]
    route: Route
    label: str


def _find(operation: str) -> Route:
    routes = (*people_routes.ROUTES, *organisation_routes.ROUTES)
    return next(route for route in routes if route.operation.id == operation)


#: Name of a form, in its path -> the form. Those of a member or team name it besides.
FORMS: dict[str, SetUpForm] = {
    "rename": SetUpForm(organisations.RenameOrganisation, _find("renameOrganisation"), "Rename the organisation"),
    "create-team": SetUpForm(teams.Create, _find("createTeam"), "Create a team"),
    "join-member": SetUpForm(members.Join, _find("joinMember"), "Add a member"),
    "member.capacity": SetUpForm(members.DeclareCapacity, _find("member.capacity"), "Declare hours a week"),
    "member.absence": SetUpForm(members.DeclareAbsence, _find("member.absence"), "Declare an absence"),
    "member.join": SetUpForm(members.Join, _find("member.join"), "Join a team"),
    "member.change_team": SetUpForm(members.ChangeTeam, _find("member.change_team"), "Move to another team"),
    "member.leave_team": SetUpForm(members.LeaveTeam, _find("member.leave_team"), "Leave a team"),
    "member.rename": SetUpForm(members.RenameMember, _find("member.rename"), "Rename the member"),
    "member.grant_role": SetUpForm(members.GrantRole, _find("member.grant_role"), "Grant a role"),
    "member.revoke_role": SetUpForm(members.RevokeRole, _find("member.revoke_role"), "Revoke a role"),
    "team.rename": SetUpForm(teams.Rename, _find("team.rename"), "Rename the team"),
    "team.appoint_lead": SetUpForm(teams.AppointLead, _find("team.appoint_lead"), "Appoint another lead"),
    "team.archive": SetUpForm(teams.Archive, _find("team.archive"), "Archive the team"),
}
#: Corrections name what was wrong by its event: they are said through `/v1`.
_LEFT_OUT = frozenset({"/corrects"})
#: What a member says of itself.
_OWN = ("member.capacity", "member.absence", "member.rename")
_SUGGESTIONS = {"/lead": "people", "/team": "teams", "/join": "teams", "/leave": "teams"}


class ShownForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form as a page shows it."""

    name: str
    action: str
    label: str
    explanation: str
    fields: list[FormField]
    version: str
    key: str


def build_form(  # noqa: PLR0913 - a form, what it is about, and what was typed before
    name: str,
    *,
    of: str,
    version: int,
    key: str,
    values: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> ShownForm:
    """The form of this name, about one member or team (or, empty, the organisation)."""
    found = FORMS[name]
    content = FormContent(
        suggestions=_SUGGESTIONS,
        left_out=_LEFT_OUT | (frozenset({"/ref"}) if name == "member.join" else frozenset()),
        values=values or {},
        problems=problems or {},
    )
    prefix = name.replace(".", "-") + "-"
    fields = [msgspec.structs.replace(field, form=prefix) for field in build_fields(found.act, content)]
    return ShownForm(
        name=name,
        action=f"{SETTING_UP}/acts/{name}" + (f"/{of}" if of else ""),
        label=found.label,
        explanation=(found.act.__doc__ or "").strip().partition("\n")[0],
        fields=fields,
        # A stream that is to begin has no version yet.
        version=str(version) if of or name == "rename" else "",
        key=key,
    )


def list_member_forms(viewer: Viewer, member: str) -> list[str]:
    """The forms about a member that this viewer may be answered with more than a refusal."""
    if not may_act(viewer):
        return []
    if ADMIN in viewer.scopes:
        return [name for name in FORMS if name.startswith("member.")]
    return list(_OWN) if ACT in viewer.scopes and member == str(viewer.member_id) else []
