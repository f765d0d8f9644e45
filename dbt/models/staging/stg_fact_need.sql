-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    need,
    cast(goal_id as {{ dbt.type_string() }}) as goal_id,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    cast(owner as {{ dbt.type_string() }}) as owner,
    cast(asker as {{ dbt.type_string() }}) as asker,
    cast(addressee as {{ dbt.type_string() }}) as addressee,
    named,
    raised_at,
    answer_by,
    cast(state as {{ dbt.type_string() }}) as state,
    closed_at,
    cast(closing_event_id as {{ dbt.type_string() }}) as closing_event_id,
    cast(answered_by as {{ dbt.type_string() }}) as answered_by,
    answer_minutes
from {{ source('plimsoll', 'fact_need') }}
