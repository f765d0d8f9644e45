-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(recognition_id as {{ dbt.type_string() }}) as recognition_id,
    cast(ref as {{ dbt.type_string() }}) as ref,
    cast(kind as {{ dbt.type_string() }}) as kind,
    cast(state as {{ dbt.type_string() }}) as state,
    cast(giver as {{ dbt.type_string() }}) as giver,
    cast(member_id as {{ dbt.type_string() }}) as member_id,
    cast(goal_id as {{ dbt.type_string() }}) as goal_id,
    cast(cycle_id as {{ dbt.type_string() }}) as cycle_id,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    given_at
from {{ source('plimsoll', 'fact_recognition') }}
