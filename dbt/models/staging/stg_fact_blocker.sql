-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    place,
    cast(goal_id as {{ dbt.type_string() }}) as goal_id,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    cast(owner as {{ dbt.type_string() }}) as owner,
    cast(how as {{ dbt.type_string() }}) as how,
    cast(acts_next as {{ dbt.type_string() }}) as acts_next,
    raised_at,
    blocked_since,
    cast(state as {{ dbt.type_string() }}) as state,
    closed_at,
    cast(closing_event_id as {{ dbt.type_string() }}) as closing_event_id,
    blocked_minutes
from {{ source('plimsoll', 'fact_blocker') }}
