-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(goal_id as {{ dbt.type_string() }}) as goal_id,
    cast(member_id as {{ dbt.type_string() }}) as member_id,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    cast(requester as {{ dbt.type_string() }}) as requester,
    cast(kind as {{ dbt.type_string() }}) as kind,
    occurred_at,
    imposed,
    added_minutes,
    estimated,
    freed_minutes,
    paired,
    inferred,
    absorbed,
    worst_week,
    worst_ratio_bp,
    trade_offs,
    trade_offs_undone,
    cast(gave_way as {{ dbt.type_string() }}) as gave_way
from {{ source('plimsoll', 'fact_addition') }}
