-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(parent_id as {{ dbt.type_string() }}) as parent_id,
    cast(parent_kind as {{ dbt.type_string() }}) as parent_kind,
    cast(goal_id as {{ dbt.type_string() }}) as goal_id,
    cast(owner as {{ dbt.type_string() }}) as owner,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    cast(how as {{ dbt.type_string() }}) as how,
    occurred_at,
    cast(trigger as {{ dbt.type_string() }}) as trigger,
    cast(cause_event_id as {{ dbt.type_string() }}) as cause_event_id,
    cast(what as {{ dbt.type_string() }}) as what
from {{ source('plimsoll', 'fact_alignment') }}
