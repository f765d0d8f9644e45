-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(goal_id as {{ dbt.type_string() }}) as goal_id,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    cast(owner as {{ dbt.type_string() }}) as owner,
    cast(party as {{ dbt.type_string() }}) as party,
    cast(kind as {{ dbt.type_string() }}) as kind,
    occurred_at,
    recorded_at,
    cast(progress as decimal(38, 6)) as progress,
    cast(confidence as decimal(38, 6)) as confidence,
    cast(value as decimal(38, 6)) as value,
    cast(share_done as decimal(38, 6)) as share_done,
    blockers,
    ideas,
    needs,
    silent_minutes,
    cast(corrects as {{ dbt.type_string() }}) as corrects
from {{ source('plimsoll', 'fact_check_in') }}
