"""`python -m tests.contracts check | write`: the published contracts, compared with or written from the code.

Event schemas (`events/<tag>.json`) come from the domain's registry, those of marts (`marts/<name>.json`) from the
registry of marts, from which the tables of `docs/bi.md` and the sources of `dbt/` are written too, `openapi.json` from
the API application. They are committed, so that a change of a contract is seen in a review as one. `promises.txt` keeps
what was ever published, a line each: `write` adds lines and removes none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.contracts.client_source import write_client
from tests.contracts.compatibility import VERSIONS, add_versions
from tests.contracts.dbt_sources import write_dbt_sources
from tests.contracts.mart_page import write_pages
from tests.contracts.mart_schemas import json_schema
from tests.contracts.promises import KEPT, promises

HOME = Path(__file__).parent
USAGE_ERROR = 2


def build_contracts() -> dict[str, str]:
    """The text of every contract by its path below this directory, as the code has it now."""
    return event_schemas() | mart_schemas() | openapi_document()


def event_schemas() -> dict[str, str]:
    """One self-contained JSON Schema per event tag."""
    from domain.registry import EVENTS, event_schema

    return {f"events/{tag}.json": _text(event_schema(event)) for tag, event in EVENTS.items()}


def mart_schemas() -> dict[str, str]:
    """One JSON Schema per mart: what a row is."""
    from projections.marts.registry import MARTS

    return {f"marts/{name}.json": _text(json_schema(mart)) for name, mart in MARTS.items()}


def openapi_document() -> dict[str, str]:
    """The API's OpenAPI document."""
    from services.api.app import encode_openapi_document

    return {"openapi.json": _text(json.loads(encode_openapi_document()))}


def read_committed(home: Path = HOME) -> dict[str, str]:
    """The text of every committed contract by its path below `home`."""
    return {str(path.relative_to(home)): path.read_text() for path in sorted(home.rglob("*.json"))}


def describe_differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """One line per contract of `after` that differs from `before`, in words."""
    lines = [f"not committed: {path}" for path in sorted(after.keys() - before.keys())]
    lines += [f"no longer in the code: {path}" for path in sorted(before.keys() - after.keys())]
    changed = (path for path in sorted(before.keys() & after.keys()) if before[path] != after[path])
    return lines + [f"changed: {path}" for path in changed]


def write(contracts: Mapping[str, str], home: Path = HOME) -> None:
    """Make the committed contracts those of the code."""
    for path in read_committed(home).keys() - contracts.keys():
        (home / path).unlink()
    kept = home / KEPT.name
    lines = promises(contracts) | (set(kept.read_text().splitlines()) if kept.exists() else set())
    kept.write_text("".join(f"{line}\n" for line in sorted(lines)))
    add_versions(contracts, home / VERSIONS.name)
    for path, text in contracts.items():
        target = home / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def main(argv: list[str]) -> int:
    """0: in step (or written); 1: the code and the committed contracts differ; 2: called wrongly."""
    if argv not in (["check"], ["write"]):
        print(__doc__)
        return USAGE_ERROR
    contracts = build_contracts()
    lines = describe_differences(read_committed(), contracts)
    if argv == ["write"]:
        write(contracts)
        write_pages()
        write_dbt_sources()
        write_client(json.loads(contracts["openapi.json"]))
    for line in lines:
        print(line)
    if argv == ["check"] and lines:
        print("If each change is meant (fields are added, never taken away): python -m tests.contracts write")
        return 1
    return 0


def _text(document: Any) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
