"""The pages are held against the code that they describe: what is there and not told, or told and not there, fails.

Where a whole row follows from the code, the row on the page must be that row to the letter; a failure prints it.
"""

from __future__ import annotations

import argparse
import inspect
import re
import runpy
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from domain import calendar, load, quantities, reasons, terms
from domain.charter import non_negotiables, parts, purpose
from domain.charter import state as charters
from domain.cycle import decide as cycle_rules
from domain.cycle import opening as cycle_opening
from domain.decision import acts as decision_acts
from domain.decision import decide as decision_rules
from domain.decision import opening as decision_opening
from domain.envelope import RecordedEvent
from domain.errors import Refusal
from domain.goal import acts, check_ins, evolve, opening
from domain.goal.agreement import STATES, TERMINAL, TIMER_ACTS, TRANSITIONS
from domain.member import member
from domain.organisation import organisation
from domain.policy import Policy
from domain.registry import EVENTS
from ledger import api_keys as keys
from ledger import idempotency
from ledger.bulk.append import BulkLimits
from ledger.commit.batch import BatchLimits
from ledger.commit.committer import CommitLimits
from projections import calibration, figures, privacy
from projections.alignment import report as alignment_report
from projections.as_of import resolve_as_of
from projections.catalogue import PROJECTIONS
from projections.charters import rituals
from projections.cycles import review
from projections.database import paging
from projections.database.database import Database
from projections.decisions import decisions
from projections.decisions import report as decisions_report
from projections.drift import report as drift_report
from projections.engine.engine import Engine
from projections.inbox import framework_requests, inbox
from projections.marts.columns import Mart
from projections.marts.registry import MARTS
from projections.overload import pairing, relief
from projections.overload import queries as overload_queries
from projections.overload import report as overload_report
from projections.pulse import report as pulse_report
from projections.recognition import report as recognition_report
from projections.reliability import report as reliability_report
from projections.support import report as support_report
from projections.tensions import report as tensions_report
from services import authorization, cli, person_reads, settings
from services.api import commands as api_commands
from services.api import context as api_context
from services.api.app import ROUTES, encode_openapi_document
from services.api.auth import key_cache
from services.api.http import connections
from services.api.http.problems import PROBLEM_DEFINITIONS
from services.api.routes import events, looked_at, people
from services.api.routes import inbox as support_routes
from services.api.routes import keys as api_keys
from services.api.routes.events import describe_event_types
from services.cloud_events import CloudEvent
from services.commands import store
from services.exports import exporting
from services.imports import importer
from services.imports import rows as imports_rows
from services.imports.rows import ACT_TYPES
from services.visibility import feed
from services.worker import scheduler
from tests.contracts.mart_page import TABLES, column_row
from tests.spec import Story, offer, why

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)

#: Names of hosts and places that a page of a public project has no business with. Put together here, so that this
#: file does not name them either.
FORBIDDEN_HOSTS = [
    *("pypi" + ".org", "pythonhosted" + ".org", "docker" + ".io", "gh" + "cr.io", "qu" + "ay.io", "npm" + "js"),
    *("/wo" + "rk/", "/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/", "../sha" + "red", "/tm" + "p/plimsoll"),
]


def read_page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def parse_rows(text: str) -> list[tuple[str, ...]]:
    """Every row of every table of the page, cells stripped; a `\\|` stays inside its cell."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not re.fullmatch(r"[| :-]+", line)]
    return [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in lines]


def extract_section(text: str, heading: str) -> str:
    """What stands under a heading (any depth), up to the next one of the same depth or higher."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found is not None, f"no heading {heading!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def extract_code(text: str) -> set[str]:
    """Everything between backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def format_code(names: Iterable[object]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def list_first_cells(told: list[tuple[str, ...]]) -> list[str]:
    """The first cell of each row, where that is one thing in backticks."""
    return [row[0].strip("`") for row in told if row and re.fullmatch(r"`[^`]+`", row[0])]


# --- the agreement: docs/concepts.md ---------------------------------------------------------------------------------

#: How a page says what the agreement asks for.
REASONS = {"R": "code and words", "c": "code", "-": "none"}
STAYS = "stays"


def agreement_rows() -> list[tuple[str, ...]]:
    """One row for each act, by whom, with which reason and to which state, in the order of the agreement."""
    origins: dict[tuple[str, ...], list[str]] = {}
    for t in TRANSITIONS:
        to = STAYS if t.to == t.origin else f"`{t.to}`"
        origins.setdefault((f"`{t.act}`", ", ".join(t.by), REASONS[t.reason], to), []).append(t.origin)
    return [(act, by, format_code(froms), to, reason) for (act, by, reason, to), froms in origins.items()]


def test_the_agreement_is_told_row_by_row() -> None:
    told = [row for row in parse_rows(extract_section(read_page("concepts.md"), "The agreement")) if len(row) == 6]

    assert agreement_rows() == [row[:5] for row in told[1:]]


def test_the_rows_of_the_agreement_are_all_of_it() -> None:
    """The table of the page, unfolded again, is the table of the code."""
    unfolded = {
        (origin, act.strip("`"), role, origin if to == STAYS else to.strip("`"), reason)
        for act, by, froms, to, reason in agreement_rows()
        for origin in extract_code(froms)
        for role in by.split(", ")
    }

    assert {(t.origin, t.act, role, t.to, REASONS[t.reason]) for t in TRANSITIONS for role in t.by} == unfolded


def test_every_state_is_told_and_the_ends_are_marked() -> None:
    told = {
        row[0].strip("`"): row[1]
        for row in parse_rows(extract_section(read_page("concepts.md"), "States"))
        if len(row) == 3
    }
    told.pop("state")

    assert set(STATES) == set(told)
    assert {state for state, end in told.items() if end == "end"} == set(TERMINAL)


def test_every_clock_of_the_agreement_is_told() -> None:
    assert set(TIMER_ACTS) <= set(list_first_cells(parse_rows(extract_section(read_page("concepts.md"), "Clocks"))))


def test_every_act_is_told() -> None:
    # `draft` begins a goal: before it there is no state from which the agreement could lead.
    assert set(acts.ACTS) - {"draft"} == {t.act for t in TRANSITIONS} - TIMER_ACTS
    assert set(acts.ACTS) <= extract_code(extract_section(read_page("concepts.md"), "The agreement"))


def test_every_reason_code_is_told() -> None:
    told = list_first_cells(parse_rows(extract_section(read_page("concepts.md"), "Reasons")))

    assert sorted(reasons.ReasonCode) == sorted(told)


def policy_row(field: msgspec.structs.FieldInfo) -> tuple[str, str]:
    default = {True: "on", False: "off", None: "off"}.get(field.default, field.default)
    return f"`{field.name}`", str(default)


@pytest.mark.parametrize("field", msgspec.structs.fields(Policy), ids=lambda field: field.name)
def test_every_policy_is_told_with_its_default(field: msgspec.structs.FieldInfo) -> None:
    assert policy_row(field) in [row[:2] for row in parse_rows(extract_section(read_page("concepts.md"), "Policies"))]


def test_every_role_is_told() -> None:
    assert set(authorization.ROLES) == set(
        list_first_cells(parse_rows(extract_section(read_page("concepts.md"), "Roles")))
    )


@pytest.mark.parametrize(
    "word",
    [
        *("organisation", "member", "team", "charter", "purpose", "non-negotiable", "freedom", "ritual", "cycle"),
        *("goal", "owner", "outcome, task", "sponsor", "terms", "condition", "check-in", "need", "change proposal"),
        *("trade-off", "tension"),
    ],
)
def test_the_glossary_explains(word: str) -> None:
    assert word in [row[0] for row in parse_rows(extract_section(read_page("concepts.md"), "Glossary"))]


# --- events: docs/events.md ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", sorted(EVENTS))
def test_every_event_is_told_with_what_it_carries(tag: str) -> None:
    told = {row[0]: row for row in parse_rows(extract_section(read_page("events.md"), "Types"))}

    assert f"`{tag}`" in told
    _, meaning, fields = told[f"`{tag}`"]
    assert len(meaning.split()) >= 3
    assert meaning == next(kind.description for kind in describe_event_types() if kind.type == tag)
    assert format_code(EVENTS[tag].__struct_encode_fields__) == fields


def test_no_event_is_told_that_there_is_not() -> None:
    assert sorted(EVENTS) == sorted(list_first_cells(parse_rows(extract_section(read_page("events.md"), "Types"))))


def test_the_envelope_is_told_field_by_field() -> None:
    inside = [name for name in RecordedEvent.__struct_fields__ if name != "log_position"]

    assert inside == list_first_cells(parse_rows(extract_section(read_page("events.md"), "Envelope")))


def test_the_pull_feed_is_told_attribute_by_attribute() -> None:
    assert list(CloudEvent.__struct_fields__) == list_first_cells(
        parse_rows(extract_section(read_page("events.md"), "The pull feed"))
    )


# --- errors: docs/errors.md ------------------------------------------------------------------------------------------


def list_refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    yield kind
    for below in kind.__subclasses__():
        yield from list_refusals(below)


@pytest.mark.parametrize("name", sorted(PROBLEM_DEFINITIONS))
def test_every_problem_is_told_with_its_status_and_title(name: str) -> None:
    told = {row[0]: row for row in parse_rows(extract_section(read_page("errors.md"), "Codes"))}

    assert f"`{name}`" in told, (
        f"| `{name}` | {PROBLEM_DEFINITIONS[name].status} | {PROBLEM_DEFINITIONS[name].title} | ... |"
    )
    problem = PROBLEM_DEFINITIONS[name]
    assert (str(problem.status), problem.title, problem.remedy) == tuple(told[f"`{name}`"][1:])
    assert len(problem.remedy.split()) >= 2


def test_no_problem_is_told_that_there_is_not() -> None:
    assert sorted(PROBLEM_DEFINITIONS) == sorted(
        list_first_cells(parse_rows(extract_section(read_page("errors.md"), "Codes")))
    )


@pytest.mark.parametrize("refusal", list(list_refusals()), ids=lambda refusal: refusal.__name__)
def test_every_refusal_of_the_domain_is_told(refusal: type[Refusal]) -> None:
    assert refusal.code in list_first_cells(parse_rows(extract_section(read_page("errors.md"), "Codes")))


def test_every_code_that_only_an_import_row_has_is_told() -> None:
    raised = set(re.findall(r'BadRow\(\s*"(\w+)"', inspect.getsource(imports_rows)))
    own = raised - set(PROBLEM_DEFINITIONS)

    assert own
    assert own == set(list_first_cells(parse_rows(extract_section(read_page("errors.md"), "Codes of import rows"))))


# --- imports: docs/import.md -----------------------------------------------------------------------------------------


def format_required_reasons(act: str) -> str:
    """What an act's transitions ask for, as a cell."""
    asked = {t.reason for t in TRANSITIONS if t.act == act}
    return " or ".join(REASONS[kind] for kind in ("R", "c", "-") if kind in asked)


ASKED_OF_CYCLES = {"drop_improvement": REASONS["c"]}
ASKED_OF_DECISIONS = {"reopen": REASONS["R"]}
ASKED_OF_EXPERIMENTS = {"decline": REASONS["c"], "drop": REASONS["R"]}
#: What an act on a charter asks for, where it asks for something (tests/domain/test_charter_*.py hold it to that).
ASKED_OF_CHARTERS = {
    **dict.fromkeys(("revise_non_negotiable", "retire_non_negotiable", "withdraw_freedom"), REASONS["R"]),
    **dict.fromkeys(("propose_purpose", "adopt_purpose", "set_sight"), f"{REASONS['R']} or {REASONS['-']}"),
}


@pytest.mark.parametrize("do", sorted(ACT_TYPES))
def test_every_import_verb_is_told_with_its_fields(do: str) -> None:
    told = {row[0]: row for row in parse_rows(extract_section(read_page("import.md"), "Rows"))}
    kind, struct = ACT_TYPES[do]
    # Whose charter it is stands in `charter`.
    head = {"do", "reason", "as", "ref", *(["of"] if kind == "charter" else [])}
    fields = [f for f in msgspec.structs.fields(struct) if f.encode_name not in head]

    assert f"`{do}`" in told
    _, needed, may, reason = told[f"`{do}`"]
    assert {f.encode_name for f in fields} | ({kind} - {"organisation"}) == extract_code(needed) | extract_code(may)
    assert {f.encode_name for f in fields if f.required} | ({kind} - {"organisation"}) <= extract_code(needed)
    tag = str(struct.__struct_config__.tag)
    expected = (
        format_required_reasons(tag)
        if kind == "goal" and do != "goal.draft"
        else (ASKED_OF_CHARTERS | ASKED_OF_CYCLES | ASKED_OF_DECISIONS | ASKED_OF_EXPERIMENTS).get(tag, "none")
    )
    assert expected == reason


def test_no_import_verb_is_told_that_there_is_not() -> None:
    assert sorted(ACT_TYPES) == sorted(list_first_cells(parse_rows(extract_section(read_page("import.md"), "Rows"))))


def test_the_example_of_an_import_is_taken_as_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    block = re.search(r"```json\n(.*?)```", extract_section(read_page("import.md"), "An example"), re.DOTALL)
    assert block is not None
    (tmp_path / "history.ndjson").write_text(block[1], encoding="utf-8")
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", f"sqlite:///{tmp_path / 'store'}")

    told = []
    for _ in range(2):
        assert 0 == cli.main(["import", str(tmp_path / "history.ndjson"), "--json"])
        told.append(msgspec.json.decode(capsys.readouterr().out))

    position = told[0].pop("position")
    assert [{"accepted": 9, "already": 0}, {"accepted": 0, "already": 9, "position": position}] == told
    assert msgspec.json.encode(told[1]).decode().replace(":", ": ").replace(",", ", ") in read_page("import.md")


# --- the command line: docs/cli.md -----------------------------------------------------------------------------------


def list_commands(
    parser: argparse.ArgumentParser, name: str = "plimsoll"
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that does something, by its whole name."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for word, below in group.choices.items():
            yield from list_commands(below, f"{name} {word}")


COMMANDS = dict(list_commands(cli._build_parser()))


def list_arguments(parser: argparse.ArgumentParser) -> list[tuple[str, str]]:
    """Each argument of a command as (what is written, default) of its row."""
    told = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        default = "" if action.default is None or action.required or action.nargs == 0 else str(action.default)
        default = "" if default == "False" or action.default == [] else default
        if action.option_strings:
            metavar = action.metavar or ("" if action.nargs == 0 else action.dest.upper())
            values = "\\|".join(map(str, action.choices)) if action.choices else str(metavar)
            told.append((" ".join([", ".join(action.option_strings), values]).strip(), default))
        else:
            told.append(
                ("\\|".join(map(str, action.choices)) if action.choices else str(action.metavar or action.dest), "")
            )
    return told


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_told_with_its_arguments(name: str) -> None:
    told = [row[:2] for row in parse_rows(extract_section(read_page("cli.md"), f"`{name}`"))]

    expected = [(f"`{what}`", f"`{default}`" if default else "") for what, default in list_arguments(COMMANDS[name])]
    assert expected == told[1:]


def test_no_command_is_told_that_there_is_not() -> None:
    assert list(COMMANDS) == re.findall(r"^### `(plimsoll [a-z -]+)`$", read_page("cli.md"), re.MULTILINE)


# --- marts: docs/bi.md -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "mart"),
    [(page, mart) for page, marts in TABLES.items() for mart in marts],
    ids=[mart.name for marts in TABLES.values() for mart in marts],
)
def test_every_mart_is_told_column_by_column(page: str, mart: Mart) -> None:
    told = extract_section(read_page(page), f"`{mart.name}`")

    assert mart.comment in told
    assert mart.use in told
    assert f"Key: {format_code(mart.key)}." in told
    assert [column_row(column) for column in mart.columns] == parse_rows(told)[1:]


def test_the_command_line_and_the_page_know_every_mart() -> None:
    assert tuple(MARTS) == cli.MARTS
    assert list(MARTS) == re.findall(r"^## `(\w+)`$", read_page("bi.md"), re.MULTILINE)
    assert exporting.FORMATS == cli.EXPORT_FORMATS


# --- settings, API, reports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", settings.describe_settings(), ids=lambda entry: entry[0])
def test_every_setting_is_told(entry: tuple[str, object, str]) -> None:
    assert settings.to_table_row(*entry) in read_page("settings.md").splitlines()


def list_routes() -> list[str]:
    return [f"{route.method} {route.path}" for route in ROUTES]


def list_documented_routes() -> set[str]:
    """What docs/api.md lists, its short forms unfolded as its own words say."""
    told: set[str] = set()
    for cell, what in (row[:2] for row in parse_rows(extract_section(read_page("api.md"), "Routes")) if len(row) >= 2):
        for route in extract_code(cell):
            method, _, path = route.rpartition(" ")
            method = method or "GET"
            acts_told = [name.replace("_", "-") for name in acts.ACTS] if "goal" in path else extract_code(what)
            names = {word for phrase in acts_told for word in phrase.split()}
            told |= (
                {f"{method} {path.replace('<act>', name)}" for name in names}
                if "<act>" in path
                else {f"{method} {path}"}
            )
    return told


@pytest.mark.parametrize("route", list_routes())
def test_every_route_is_told(route: str) -> None:
    # The parameter's name is the document's business; on the page it is what a reader would call it.
    def plain(text: str) -> str:
        return re.sub(r"\{\w+\}", "{}", text)

    assert plain(route) in {plain(told) for told in list_documented_routes()}


#: Parameters of all reads, told once under Conventions.
OF_ALL_READS = {"after_position", "as_of", "recorded_as_of"}


def list_parameters() -> list[tuple[str, str]]:
    """Every query parameter of a route that not all reads have."""
    # Made once for each process, for whichever test asks first.
    paths: dict[str, dict[str, Any]] = msgspec.json.decode(encode_openapi_document())["paths"]
    return [
        (path, parameter["name"])
        for path, methods in paths.items()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter.get("in") == "query" and parameter["name"] not in OF_ALL_READS
    ]


@pytest.mark.parametrize(("path", "name"), list_parameters())
def test_every_parameter_is_told_with_its_route(path: str, name: str) -> None:
    told = " ".join(
        what
        for cell, what in parse_rows(extract_section(read_page("api.md"), "Routes"))
        if re.search(rf"{path}`", cell)
    )

    assert name in {word for phrase in extract_code(told) for word in phrase.split()}


@pytest.mark.parametrize("name", sorted(OF_ALL_READS))
def test_every_parameter_of_all_reads_is_told(name: str) -> None:
    assert re.search(rf"`[^`]*\b{name}\b", extract_section(read_page("api.md"), "Conventions"))


#: The figures that are promised to whoever programs against the reports.
NAMES_OF_OVERLOAD = {
    *("load_ratio", "wip_ratio", "yes_and_ratio", "yes_and_by_effort", "trade_offs_undone"),
    *("critical_displacement_days", "required_pace", "imposed_share", "owned_outside"),
}
NAMES_OF_DRIFT = {
    *("stale_ratio", "stale_share", "purpose_drift", "scope_target_net", "scope_target_churn", "scope_due_net_days"),
    *("scope_due_slipped_days", "scope_due_pulled_in_days", "scope_target_raised", "scope_target_lowered"),
    *(
        "abandoned_share",
        "scope_due_churn_days",
        "alignment_drift",
        "unaffirmed_days",
        "acknowledgement_share",
        "breach_rate",
    ),
    *("repair_share", "review_age_days"),
}
NAMES_OF_SUPPORT = {
    *("adherence", "needs_raised", "needs_answered", "need_answer_days", "needs_past_answer_by", "help_past_answer_by"),
    *("help_answer_days", "blockers_open", "blocker_age_days", "blocker_resolve_days", "feedback_to_owner"),
    *("feedback_to_sponsor", "spi_t"),
}


NAMES_OF_RITUALS = {"ritual_minutes", "async_minutes", "async_share"}
NAMES_OF_CYCLES = {
    *("improvements_done", "improvements_dropped", "improvements_open", "improvements_overdue", "goals_carried_on"),
    *("goals_renegotiated", "goals_kept", "goals_dropped", "goals_undecided", "reflections", "contributions"),
    *("lessons", "reflection_share", "approaches_chosen", "freedoms_used"),
}
NAMES_OF_DECISIONS = {
    *("decision_latency_days", "decisions_inside_time_box", "decisions_by_fallback", "decisions_by_lead"),
    *("objections_integrated", "decisions_reopened"),
}
NAMES_OF_ALIGNMENT = {"purpose_progress", "untied_share", "single_contributor_share"}
NAMES_OF_RELIABILITY = {
    *(f"{prefix}{kept}" for prefix in ("", "self_set_") for kept in (*reliability_report.TRIPLE, "honoured")),
    *("awaiting_sponsor", "undecided", "sponsor_missed_answer", "surprise_rate", "pushback_rate"),
    *("renegotiation_lead_days", "renegotiation_lead_days_p15", "owner_answer_days", "sponsor_answer_days"),
    *("owner_answers_missed", "sponsor_answers_missed"),
}
NAMES_OF_RECOGNITION = {
    *("recognitions", "relationship_share", "results_recognised", "helpers_recognised", "received_gini"),
    *("recognitions_received", "recognitions_given"),
}
NAMES_OF_PULSE = {"psychological_safety"}
#: Of all reports but drift.
NAMES_ELSEWHERE = (
    NAMES_OF_RELIABILITY
    | NAMES_OF_ALIGNMENT
    | NAMES_OF_DECISIONS
    | NAMES_OF_OVERLOAD
    | NAMES_OF_RITUALS
    | NAMES_OF_SUPPORT
    | NAMES_OF_CYCLES
    | NAMES_OF_RECOGNITION
    | NAMES_OF_PULSE
)


#: What a tension is made of, where no other report has it.
NAMES_OF_TENSIONS = {
    *("approaches_in_window", "changes_accepted", "check_ins_a_week", "goals_without_measure", "ritual_minutes_before"),
    "static_share",
}


@pytest.fixture(scope="module")
def reported_figures(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all figures of these reports about one promise with a number to reach."""
    story = Story()
    story.says("ana", offer(measure=terms.MeasureInput(kind="number", baseline=0, target=10), due=date(2026, 3, 27)))
    story.says("sam", acts.Accept())
    story.says("ana", acts.CheckIn(value=1, note="begun"))
    moved = acts.Changes(due=date(2026, 4, 10), measure=terms.MeasureInput(kind="number", baseline=0, target=12))
    story.says("ana", acts.ProposeChange(changes=moved, reason=why()))
    story.says("sam", acts.AcceptChange())
    url = f"sqlite:///{tmp_path_factory.mktemp('figures') / 'views'}"
    with closing(Database.open(url)) as database:
        engine = Engine(story, database, PROJECTIONS)
        engine.migrate()
        engine.catch_up()
        view = resolve_as_of(
            database, story, story.organisation_id, as_of=date(2026, 3, 10), recorded_as_of=None, now=story.now
        )
        makers = (
            *(alignment_report, overload_report, drift_report, rituals, support_report, review, decisions_report),
            *(reliability_report, recognition_report, pulse_report),
        )
        of_core = figures.ReportScope(team=story.id("core", "team"))
        reports = [maker.build_report(database, view) for maker in makers]
        reports.append(overload_report.build_report(database, view, of_core))
        reports.append(tensions_report.build_report(database, view, of_core))
        of_ana = figures.ReportScope(member=story.id("ana"))
        reports.append(recognition_report.build_report(database, view, of_ana))
        return {f.name for report in reports for f in report.figures}


@pytest.mark.parametrize("name", sorted(NAMES_OF_DRIFT | NAMES_ELSEWHERE))
def test_every_promised_figure_is_told_and_answered(reported_figures: set[str], name: str) -> None:
    assert name in extract_code(read_page("reports.md"))
    assert name in reported_figures


def test_drift_has_a_row_for_each_of_its_figures(reported_figures: set[str]) -> None:
    told = extract_section(read_page("reports.md"), "Drift: a vector of five")
    first_cells = " ".join(row[0] for row in parse_rows(told))

    assert reported_figures - NAMES_ELSEWHERE - NAMES_OF_TENSIONS <= extract_code(first_cells)


def test_no_figure_is_answered_that_is_not_told(reported_figures: set[str]) -> None:
    assert set() == reported_figures - extract_code(read_page("reports.md")) - NAMES_OF_TENSIONS
    assert set() == NAMES_OF_TENSIONS - extract_code(read_page("tensions.md"))


# --- what each figure must not be used for: docs/what-not-to-do.md ---------------------------------------------------


#: Of one person, for that person alone.
NAMES_OF_CALIBRATION = {f"confidence_{part}" for part in ("brier", "reliability", "resolution", "uncertainty")}
#: Of each goal, and no report about one promise has them.
NAMES_OF_GOALS = {"abandoned", "contributors"}


def test_the_page_says_of_every_figure_what_it_must_not_be_used_for(reported_figures: set[str]) -> None:
    rows = [row for row in parse_rows(read_page("what-not-to-do.md")) if row[0].startswith("`")]

    assert reported_figures | NAMES_OF_CALIBRATION | NAMES_OF_GOALS == extract_code(" ".join(row[0] for row in rows))
    assert all(row[1] and row[2] for row in rows)


def test_every_figure_has_one_row_there() -> None:
    names = re.findall(r"`(\w+)`", " ".join(row[0] for row in parse_rows(read_page("what-not-to-do.md"))))
    assert len(names) == len(set(names))


# --- limits: docs/operations.md --------------------------------------------------------------------------------------


def days(span: timedelta) -> int:
    return span.days


#: From here on digits are written in groups of three.
MANY_DIGITS = 10_000
#: What the page says -> the number that the code has.
LIMITS: dict[str, float] = {
    "Conditions of one goal, at most": terms.MAX_CONDITIONS,
    "First year of a date": terms.FIRST_YEAR,
    "Last year of a date": terms.LAST_YEAR,
    "Effort of one goal, hours": opening.MAX_EFFORT_HOURS,
    "Decimals of a quantity": quantities._PLACES,
    "Characters of a reason `other`, at least": reasons.MIN_OTHER_TEXT_LENGTH,
    "Clarifications that stop the response clock": evolve.CLARIFY_PAUSES,
    "Working days for which one clarification stops it": check_ins.CLARIFY_WORKING_DAYS,
    "Working days after a return until clocks run again": calendar.RETURN_GRACE_WORKING_DAYS,
    "Non-negotiables of a charter in force, at least": charters.MIN_NON_NEGOTIABLES,
    "Non-negotiables of a charter, at most": charters.MAX_NON_NEGOTIABLES,
    "Purpose proposals open at once": purpose.MAX_PROPOSALS,
    "Days of a purpose's time-box": purpose.MAX_TIME_BOX_DAYS,
    "Names that a charter gives to parts of one sort": parts.MAX_PARTS,
    "Breaches of one charter that await their repair talk": non_negotiables.MAX_OPEN_BREACHES,
    "Needs, and raised blockers, of one goal that wait at once": check_ins.MAX_OPEN,
    "Goals affirmed in one call": support_routes.MAX_AFFIRMED,
    "Questions of one goal in an inbox": inbox.MAX_REQUESTS_PER_GOAL,
    "Reminders of one member and day": inbox.MAX_REMINDERS_PER_DAY,
    "Days before its end in which a cadence shows in the inbox": inbox.CHECK_IN_LOOKAHEAD.days,
    "Cases below which there is no calibration": calibration.MIN_CASES,
    "Absences, and changes of capacity, of one member that lie ahead": member.MAX_UPCOMING_DECLARATIONS,
    "Policy versions of one organisation": organisation.MAX_POLICY_VERSIONS,
    "Weeks that the load report looks ahead": load.WEEKS_AHEAD,
    "Working days over which overdue effort is laid": load.OVERDUE_SPREAD_DAYS,
    "Stated efforts below which a median is not used": overload_queries.MIN_STATED_EFFORTS,
    "Cases below which a ratio is a small sample": figures.SMALL_SAMPLE,
    "People below which a group's figure is withheld": privacy.MIN_GROUP_SIZE,
    "Days around an addition in which a trade-off is inferred": pairing.INFERRED_WITHIN_DAYS,
    "Days in which something given up counts as come back": pairing.REVERSAL_WITHIN_DAYS,
    "Weeks of the longer deferral that relief tries": max(relief.DEFERRAL_WEEKS),
    "Goals of one cycle": cycle_opening.MAX_GOALS,
    "Improvements of one cycle": cycle_rules.MAX_IMPROVEMENTS,
    "Learnings of one cycle": cycle_rules.MAX_LEARNINGS,
    "Reflections of one cycle": cycle_rules.MAX_REFLECTIONS,
    "Contributions of one cycle": cycle_rules.MAX_CONTRIBUTIONS,
    "Options of one decision, at most": decision_acts.MAX_OPTIONS,
    "Deciders of one decision": decision_acts.MAX_DECIDERS,
    "Objections to one decision": decision_rules.MAX_OBJECTIONS,
    "Askings of one decision": decision_rules.MAX_ROUNDS,
    "Days of a decision's time-box": decision_opening.MAX_TIME_BOX_DAYS,
    "Days in which a decision asked again did not hold": decisions_report.REOPENED_WITHIN_DAYS,
    "Cycles on a page": paging.MAX_PAGE_SIZE,
    "Decisions on a page": paging.MAX_PAGE_SIZE,
    "Perspectives shown with a decision": decisions.MAX_PERSPECTIVES,
    "Goals on a page": paging.MAX_PAGE_SIZE,
    "History events on a page": paging.MAX_PAGE_SIZE,
    "Members on a page": people.LARGEST_PAGE,
    "Events of the feed on a page": events.LARGEST_PAGE,
    "Positions of the feed that a page looks at, for a viewer who does not see all": feed.MAX_EXAMINED,
    "Characters of an idempotency key": api_context._MAX_IDEMPOTENCY_KEY_LENGTH,
    "Days for which an idempotency key is kept": days(idempotency.RETENTION),
    "Times that a contested command is decided": api_commands._MAX_ATTEMPTS,
    "Commands that wait in one process": CommitLimits().queued,
    "Commands of one commit": BatchLimits().commands,
    "Seconds that a request waits for its key to be looked up": key_cache._KEY_WAIT_S,
    "Seconds that a command waits for its turn": CommitLimits().command_seconds,
    "Days that a key lives": days(keys.MAX_LIFETIME),
    "Days for which an inbox says that another made a key in one's name": framework_requests.KEY_NOTICE_DAYS,
    "Entries of one answer on who looked at my figures": looked_at.MAX_LOOKS,
    "Rows of reads of figures that wait to be written in one process": person_reads.MAX_PENDING,
    "Hours that a rotated key works on, over HTTP": api_keys._MAX_OVERLAP_HOURS,
    "Bytes of an import line": imports_rows.MAX_LINE_BYTES,
    "Characters of an import row's own `id`": imports_rows.MAX_ID_LENGTH,
    "Refused rows that an import names": importer.MAX_ERRORS,
    "Times that a contested import is decided": importer._MAX_ATTEMPTS,
    "Bytes of a request's head": connections.MAX_HEAD_BYTES,
    "Headers of a request": connections.MAX_HEADERS,
    "Bytes between two parts of a body in chunks, or behind it": connections.MAX_HEAD_BYTES,
    "Seconds in which a request's head is there": settings.Settings().head_wait_s,
    "Seconds that an answer may stay unread": connections.MAX_UNREAD_S,
    "Connections of one process": settings.Settings().connection_limit,
    "Connections of one address to one process": settings.Settings().connections_per_address,
    "Bytes of a request's body": settings.Settings().body_limit_bytes,
    "Bytes of an import over HTTP, unpacked": settings.Settings().import_limit_bytes,
    "Lines of an import over HTTP": settings.Settings().import_limit_lines,
    "Seconds of an import over HTTP": settings.Settings().import_seconds,
    "Times its size that a gzipped import unpacks to": imports_rows.ImportLimits(unpacked_bytes=0, lines=0).ratio,
    "Events of an import that are kept together": BulkLimits().slice_events,
    "Imports that one process works on": settings.Settings().imports_at_once,
    "Reports that one process computes": settings.Settings().reports_at_once,
    "Threads of one process for other reads": settings.Settings().api_threads,
    "Reads of a class that wait in one process": settings.Settings().queued_reads,
    "Seconds that a read waits for its turn": settings.Settings().queue_wait_s,
    "Seconds in which a read is ready": settings.Settings().store_wait_s,
    "Long polls and streams of one process": settings.Settings().waits_at_once,
    "Long polls and streams of one key": settings.Settings().waits_per_key,
    "Requests a minute for one key": settings.Settings().rate_limit_per_minute,
    "Seconds that a read waits for its position": settings.Settings().position_wait_s,
    "Seconds that a pull of the feed waits": settings.Settings().long_poll_limit_s,
    "Events that a view may be behind": settings.Settings().lag_limit_events,
    "Seconds that a view may be behind": settings.Settings().lag_limit_s,
    "Seconds after which a job counts as lost": scheduler.RESEND_SECONDS,
}


@pytest.mark.parametrize(("what", "number"), LIMITS.items())
def test_every_limit_is_told_with_its_number(what: str, number: float) -> None:
    told = {
        row[0]: row[1] for row in parse_rows(extract_section(read_page("operations.md"), "Limits")) if len(row) >= 2
    }

    written = f"{number:.0f}" if number < MANY_DIGITS else f"{number:,.0f}".replace(",", " ")
    assert written == told.get(what)


def test_every_limit_that_is_told_is_held_against_the_code() -> None:
    assert set(LIMITS) == {row[0] for row in parse_rows(extract_section(read_page("operations.md"), "Limits"))} - {
        "what"
    }


def test_the_command_line_and_the_store_agree_how_long_a_key_lives() -> None:
    assert days(keys.MAX_LIFETIME) == store.MAX_KEY_DAYS


# --- all pages -------------------------------------------------------------------------------------------------------

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def list_anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    broken = []
    for link in _LINK.findall(_FENCED.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = (path.parent / place).resolve() if place else path
        if not target.exists() or (anchor and anchor not in list_anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)

    assert [] == broken


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_names_a_registry_or_a_place_of_one_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert [] == [place for place in FORBIDDEN_HOSTS if place in text]


def test_the_map_leads_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in _LINK.findall(read_page("README.md"))}

    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= linked


def test_the_readmes_commands_are_there() -> None:
    known = runpy.run_path(str(ROOT / "run.py"))["COMMANDS"]
    told = set(re.findall(r"run\.py ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8")))

    assert {"demo", "test"} <= told <= set(known)


def test_every_command_that_a_page_calls_is_there() -> None:
    names = {name.removeprefix("plimsoll ").split()[0] for name in COMMANDS}
    call = re.compile(r"(?:^|[`/ ])plimsoll ([a-z][a-z-]+)(?=[ `\n]|$)", re.MULTILINE)
    called = {(str(path.relative_to(ROOT)), word) for path in PAGES for word in call.findall(_extract_code_text(path))}

    assert set() == {(path, word) for path, word in called if word not in names}


def _extract_code_text(path: Path) -> str:
    """What a page calls: code spans and blocks, not prose."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^(?:```.*?^```|    .+)$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *(f"`{span}`" for span in extract_code(_FENCED.sub("", text)))])
