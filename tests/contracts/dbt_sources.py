"""Sources and staging models of the dbt package, written from the registry of marts."""

from __future__ import annotations

from pathlib import Path

from projections.marts.columns import ColumnType, Mart, MartColumn
from projections.marts.registry import MARTS

STAGING = Path(__file__).parents[2] / "dbt" / "models" / "staging"
_WRITTEN = "Written by `make contracts` from the registry of marts; do not edit."
#: What each type is in every engine: ids are text, as in the files, so that each engine joins them.
_CASTS: dict[ColumnType, str] = {
    "uuid": "{{ dbt.type_string() }}",
    "text": "{{ dbt.type_string() }}",
    "json": "{{ dbt.type_string() }}",
    "decimal": "decimal(38, 6)",
}
_SOURCES_HEAD = f"""\
# {_WRITTEN}
version: 2

sources:
  - name: plimsoll
    description: The marts of one organisation, as docs/bi.md describes them.
    # PostgreSQL: the views of schema bi. Spark: tables over Parquet files, made when a run starts.
    schema: bi
    config:
      meta:
        # DuckDB reads the files of `plimsoll export --all`.
        external_location: "{{{{ env_var('PLIMSOLL_MARTS', 'warehouse') }}}}/{{name}}.parquet"
    tables:
"""
_FRESHNESS = """\
        config:
          freshness:
            warn_after: {count: 2, period: day}
            error_after: {count: 14, period: day}
          loaded_at_field: recorded_at
"""


def render_files() -> dict[str, str]:
    """The text of each file by its name below `STAGING`."""
    files = {"_sources.yml": _SOURCES_HEAD + "".join(map(_render_source, MARTS.values()))}
    files["_staging.yml"] = f"# {_WRITTEN}\nversion: 2\n\nmodels:\n" + "".join(map(_render_model, MARTS.values()))
    return files | {f"stg_{mart.name}.sql": _render_select(mart) for mart in MARTS.values()}


def write_dbt_sources(home: Path = STAGING) -> None:
    """Write them, and remove what no mart has any more."""
    files = render_files()
    home.mkdir(parents=True, exist_ok=True)
    for path in home.iterdir():
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (home / name).write_text(text, encoding="utf-8")


def _render_source(mart: Mart) -> str:
    # What says when it was recorded says how fresh it is; a dimension may rest for months.
    is_timed = mart.name.startswith("fact_") and "recorded_at" in mart.column_names
    text = f"      - name: {mart.name}\n        description: {_quote(mart.comment)}\n{_FRESHNESS if is_timed else ''}"
    return text + "        columns:\n" + "".join(map(_render_column, mart.columns[:-1]))


def _render_model(mart: Mart) -> str:
    head = f"  - name: stg_{mart.name}\n    description: {_quote(f'{mart.comment} {mart.use}')}\n"
    keys = ", ".join(mart.key)
    present = ", ".join(column.name for column in mart.columns[:-1] if not column.nullable)
    # One test for a whole model: with one for each column they would take most of the time of a run.
    tests = f"    data_tests:\n      - has_key:\n          arguments:\n            key: [{keys}]\n"
    tests += f"            present: [{present}]\n"
    columns = "".join(_render_column(column, indent=6) for column in mart.columns[:-1])
    return f"{head}{tests}    columns:\n{columns}"


def _render_column(column: MartColumn, *, indent: int = 10) -> str:
    space = " " * indent
    words = column.comment + (f" Unit: {column.unit}." if column.unit else "")
    text = f"{space}- name: {column.name}\n{space}  description: {_quote(words)}\n"
    return text + (f"{space}  config: {{meta: {{personal: {column.personal}}}}}\n" if column.personal != "none" else "")


def _render_select(mart: Mart) -> str:
    rows = ",\n".join(f"    {_render_value(column)}" for column in mart.columns[:-1])
    return f"-- {_WRITTEN}\nselect\n{rows}\nfrom {{{{ source('plimsoll', '{mart.name}') }}}}\n"


def _render_value(column: MartColumn) -> str:
    name = column.name
    return f"cast({name} as {_CASTS[column.type]}) as {name}" if column.type in _CASTS else name


def _quote(text: str) -> str:
    """A string of YAML."""
    return "'" + text.replace("'", "''") + "'"
