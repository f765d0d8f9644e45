"""Three pictures of PostgreSQL: `python -m examples.analyst.postgres_pictures CONNECTION answers pictures`.

`CONNECTION` is what `plimsoll bi grant --own-schema answers` printed, `answers` the schema that
`python3 run.py dbt build --target postgres` filled. Run it with `.venv-dbt/bin/python`, or where psycopg and matplotlib
are installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from examples.analyst.pictures import Row, draw


def main(url: str, schema: str, folder: str) -> list[Path]:
    """Draw them; the files."""
    options = f"-c search_path={schema},bi"
    with psycopg.connect(url, options=options, row_factory=dict_row) as connection:

        def fetch(sql: str) -> list[Row]:
            return connection.execute(sql.encode()).fetchall()

        teams = connection.execute("SELECT team_id::text, name FROM dim_team WHERE is_current").fetchall()
        return draw(fetch, {row["team_id"]: row["name"] for row in teams}, Path(folder))


if __name__ == "__main__":
    print(*main(*sys.argv[1:4]), sep="\n")
