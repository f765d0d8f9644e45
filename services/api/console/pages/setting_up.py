"""Setting up: the organisation, its teams and members with capacity and absences, policies, and keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import msgspec

from domain.errors import NotFound, Refusal
from domain.organisation.organisation import SetPolicy
from projections.people import members_at
from services.api.console.forms import Form
from services.api.console.navigation import NavigationEntry, NavigationSection
from services.api.console.page import PageRequest, form, page
from services.api.console.rendering import redirect
from services.api.console.setting_up_forms import FORMS, SETTING_UP, ShownForm, build_form, list_member_forms
from services.api.http.parsing import convert_form
from services.api.http.problems import Problem, ProblemError
from services.api.http.responses import HttpResponse
from services.api.operations import ReadQuery, Route, Weight
from services.api.queries import as_of_now
from services.api.routes.keys import CreateKey, KeyList, KeysQuery, RevokeKey, create_key, list_keys, revoke_key
from services.api.routes.organisation import get_organisation, get_policies, set_policies
from services.api.routes.people import MembersQuery, get_member, get_team, list_members, list_teams
from services.authorization import ADMIN, SCOPES, Capability, Viewer, may

_POLICIES, _KEYS, _MEMBERS = (f"{SETTING_UP}/{name}" for name in ("policies", "keys", "members"))
_MEMBERS_SHOWN, _KEYS_SHOWN = 100, 200
_MANY = 500


def may_set_up(viewer: Viewer) -> bool:
    """Whether the viewer sets the organisation up."""
    return ADMIN in viewer.scopes and may(viewer, Capability.MANAGE_MEMBERS)


class SetUpQuery(ReadQuery, frozen=True, kw_only=True):
    """What was just recorded, and where a list goes on."""

    done: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=36)] = ""


class RefusedForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form that was refused: what was typed, and why."""

    name: str
    form: Form
    problem: Problem


@page(
    SETTING_UP,
    title="Setting up",
    template="setting_up.html",
    query=SetUpQuery,
    weight=Weight.PAGE,
    entry=NavigationEntry(name="Setting up", section=NavigationSection.SERVICE, order=10, is_shown=may_set_up),
)
def show_organisation(request: PageRequest) -> Mapping[str, Any]:
    return _build_organisation(request)


@page(_MEMBERS, title="Members", template="setting_up_members.html", query=SetUpQuery, weight=Weight.PAGE)
def show_members(request: PageRequest) -> Mapping[str, Any]:
    return _build_members(request)


@page(
    f"{_MEMBERS}/{{member}}",
    title="Member",
    template="setting_up_member.html",
    query=SetUpQuery,
    weight=Weight.PAGE,
)
def show_member(request: PageRequest, member: str) -> Mapping[str, Any]:
    return _build_member(request, member)


@page(
    f"{SETTING_UP}/teams/{{team}}", title="Team", template="setting_up_team.html", query=SetUpQuery, weight=Weight.PAGE
)
def show_team(request: PageRequest, team: str) -> Mapping[str, Any]:
    return _build_team(request, team)


# --- what the pages show ---------------------------------------------------------------------------------------------


def _build_organisation(request: PageRequest, refused: RefusedForm | None = None) -> dict[str, Any]:
    found = request.ask(get_organisation)
    teams = request.ask(list_teams).teams
    return {
        "title": "Setting up",
        "organisation": found,
        "teams": teams,
        "names": request.load_names([team.lead for team in teams]),
        **_build_frame(request, ["rename", "create-team"] if may_set_up(request.viewer) else [], found, refused),
        "may_manage_keys": _may_manage_keys(request.viewer),
    }


def _build_members(request: PageRequest, refused: RefusedForm | None = None) -> dict[str, Any]:
    cursor = getattr(request.query, "cursor", "")
    found = request.ask(list_members, MembersQuery(cursor=cursor, limit=_MEMBERS_SHOWN))
    teams = {team for member in found.members for team in member.teams}
    return {
        "title": "Members",
        "members": found.members,
        "next": found.next,
        "names": request.load_names([*teams, *(member.id for member in found.members)]),
        **_build_frame(request, ["join-member"] if may_set_up(request.viewer) else [], None, refused),
    }


def _build_member(request: PageRequest, member: str, refused: RefusedForm | None = None) -> dict[str, Any]:
    found = request.ask(get_member, member=member)
    names = request.load_names([found.id, *found.teams])
    return {
        "title": names.get(str(found.id), "Member"),
        "member": found,
        "names": names,
        **_build_frame(request, list_member_forms(request.viewer, str(found.id)), found, refused),
    }


def _build_team(request: PageRequest, team: str, refused: RefusedForm | None = None) -> dict[str, Any]:
    found = request.ask(get_team, team=team)
    forms = [name for name in FORMS if name.startswith("team.")] if may_set_up(request.viewer) else []
    return {
        "title": found.name,
        "team": found,
        "names": request.load_names([found.lead, *(found.members or ())]),
        **_build_frame(request, forms, found, refused),
    }


def _build_frame(request: PageRequest, forms: list[str], about: Any, refused: RefusedForm | None) -> dict[str, Any]:
    """What each of the pages has: its forms, and what became of the one that was sent."""
    of = str(about.id) if about is not None else ""
    shown: list[ShownForm] = []
    for name in forms:
        is_refused = refused is not None and refused.name == name
        errors = {e.pointer: e.detail for e in refused.problem.errors} if refused is not None and is_refused else {}
        shown.append(
            build_form(
                name,
                of=of if "." in name else "",
                version=about.version if about is not None else 0,
                key=request.new_form_key(),
                values=refused.form.values if refused is not None and is_refused else None,
                problems=errors,
            )
        )
    done = FORMS.get(getattr(request.query, "done", None) or "")
    return {
        "forms": shown,
        "problem": refused.problem if refused is not None else None,
        "refused_name": refused.name if refused is not None else "",
        "done": done.label if done is not None else None,
        "people": _list_people(request) if shown else [],
        "all_teams": [(str(each.id), each.name) for each in request.ask(list_teams).teams] if shown else [],
    }


def _list_people(request: PageRequest) -> list[tuple[str, str]]:
    """Members who may be named, by name: no figure of theirs is read."""
    present = members_at(request.context.runtime.database, as_of_now(request.context))
    return sorted(request.load_names(member.id for member in present[:_MANY]).items(), key=lambda each: each[1])


# --- what the forms do -----------------------------------------------------------------------------------------------


@form(f"{SETTING_UP}/acts/{{name}}", title="Set the organisation up")
async def send_form(request: PageRequest, name: str) -> HttpResponse:
    return await _record(request, name, "")


@form(f"{SETTING_UP}/acts/{{name}}/{{of}}", title="Set a member or a team up")
async def send_form_about(request: PageRequest, name: str, of: str) -> HttpResponse:
    return await _record(request, name, of)


async def _record(request: PageRequest, name: str, of: str) -> HttpResponse:
    found = FORMS.get(name)
    if found is None or ("." in name) != bool(of):
        raise NotFound("there is no such form")
    try:
        tag = str(found.act.__struct_config__.tag)
        body = convert_form({**request.form.build_value(), "do": tag}, found.act)
        done = await request.perform(found.route, body, **({"ref": of} if of else {}))
    except (Refusal, ProblemError) as error:
        refused = RefusedForm(name=name, form=request.form, problem=request.to_problem(error))
        return await request.show(Weight.PAGE, partial(_show_refused, of=of, refused=refused))
    return redirect(f"{_find_place(name, str(done.id))}?after_position={done.position}&done={name}")


def _find_place(name: str, of: str) -> str:
    """The page on which a form stands, or that of what it has begun."""
    if name == "rename":
        return SETTING_UP
    return f"{_MEMBERS}/{of}" if "member" in name else f"{SETTING_UP}/teams/{of}"


def _show_refused(request: PageRequest, *, of: str, refused: RefusedForm) -> HttpResponse:
    kind = refused.name.partition(".")[0]
    if kind == "member":
        template, values = "setting_up_member.html", _build_member(request, of, refused)
    elif kind == "team":
        template, values = "setting_up_team.html", _build_team(request, of, refused)
    elif kind == "join-member":
        template, values = "setting_up_members.html", _build_members(request, refused)
    else:
        template, values = "setting_up.html", _build_organisation(request, refused)
    return request.render(template, str(values["title"]), values, status=refused.problem.status)


# --- policies --------------------------------------------------------------------------------------------------------


@page(_POLICIES, title="Policies", template="setting_up_policies.html", query=SetUpQuery, weight=Weight.LIGHT)
def show_policies(request: PageRequest) -> Mapping[str, Any]:
    return _build_policies(request)


def _build_policies(request: PageRequest, problem: Problem | None = None) -> dict[str, Any]:
    found = request.ask(get_policies)
    return {
        "policies": found,
        "may_set": may_set_up(request.viewer),
        "typed": request.form,
        "problem": problem,
        "done": getattr(request.query, "done", None),
        "key": request.new_form_key(),
    }


@form(_POLICIES, title="Set a policy")
async def send_policy(request: PageRequest) -> HttpResponse:
    dial, text = request.form.get("dial"), request.form.get("value").strip()
    try:
        done = await request.perform(set_policies, SetPolicy(policy={dial: _parse_dial(text)}))
    except (Refusal, ProblemError) as error:
        problem = request.to_problem(error)
        return await request.show(Weight.LIGHT, partial(_show_policy_refused, problem=problem))
    return redirect(f"{_POLICIES}?after_position={done.position}&done=yes")


def _show_policy_refused(request: PageRequest, *, problem: Problem) -> HttpResponse:
    values = _build_policies(request, problem)
    return request.render("setting_up_policies.html", "Policies", values, status=problem.status)


def _parse_dial(text: str) -> Any:
    """A dial's value as it was typed: yes and no, nothing, a number as a decimal string, else a text."""
    return {"": None, "yes": True, "no": False, "true": True, "false": False}.get(text.lower(), text)


# --- keys ------------------------------------------------------------------------------------------------------------


def _may_manage_keys(viewer: Viewer) -> bool:
    return may(viewer, Capability.MANAGE_KEYS)


@page(_KEYS, title="Keys", template="setting_up_keys.html", query=SetUpQuery, weight=Weight.LIGHT)
def show_keys(request: PageRequest) -> Mapping[str, Any]:
    return _build_keys(request)


def _build_keys(request: PageRequest, problem: Problem | None = None, made: str | None = None) -> dict[str, Any]:
    query = KeysQuery(cursor=getattr(request.query, "cursor", ""), limit=_KEYS_SHOWN)
    found: KeyList = request.ask(list_keys, query)
    return {
        "keys": found.keys,
        "next": found.next,
        "now": request.context.now,
        "names": request.load_names([key.member_id for key in found.keys]),
        "scopes": SCOPES,
        "made": made,
        "problem": problem,
        "typed": request.form,
    }


@form(_KEYS, title="Issue a key", weight=Weight.LIGHT)
def send_key(request: PageRequest) -> HttpResponse:
    said = {name: request.form.get(name) for name in ("member", "name")}
    try:
        body = convert_form({**said, "scopes": request.form.get_all("scopes")}, CreateKey)
        made = request.call(create_key, body)
    except (Refusal, ProblemError) as error:
        problem = request.to_problem(error)
        return request.render("setting_up_keys.html", "Keys", _build_keys(request, problem), status=problem.status)
    return request.render("setting_up_keys.html", "Keys", _build_keys(request, made=made.key))


@form(f"{_KEYS}/{{key}}/revoke", title="Revoke a key", weight=Weight.LIGHT)
def send_revocation(request: PageRequest, key: str) -> HttpResponse:
    request.call(revoke_key, RevokeKey(), key=key)
    return redirect(_KEYS)


ROUTES: list[Route] = [
    show_organisation,
    show_members,
    show_member,
    show_team,
    send_form,
    send_form_about,
    show_policies,
    send_policy,
    show_keys,
    send_key,
    send_revocation,
]
