"""Three pictures on a laptop: `python -m examples.analyst.duckdb_pictures answers.duckdb warehouse pictures`.

`answers.duckdb` is what `python3 run.py dbt build` made of the folder `warehouse` of `plimsoll export --all`. Run it
with `.venv-dbt/bin/python`, or where duckdb and matplotlib are installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from examples.analyst.pictures import Row, draw


def main(database: str, warehouse: str, folder: str) -> list[Path]:
    """Draw them; the files."""
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("SET schema = 'answers'")

        def fetch(sql: str) -> list[Row]:
            found = connection.execute(sql)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        teams = connection.execute(
            "SELECT team_id, name FROM read_parquet(?) WHERE is_current", [f"{warehouse}/dim_team.parquet"]
        )
        return draw(fetch, dict(teams.fetchall()), Path(folder))


if __name__ == "__main__":
    print(*main(*sys.argv[1:4]), sep="\n")
