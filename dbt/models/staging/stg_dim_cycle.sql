-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(cycle_id as {{ dbt.type_string() }}) as cycle_id,
    cast(ref as {{ dbt.type_string() }}) as ref,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    cast(name as {{ dbt.type_string() }}) as name,
    cast(state as {{ dbt.type_string() }}) as state,
    starts,
    ends,
    opened_at,
    closed_at,
    cast(follows as {{ dbt.type_string() }}) as follows,
    cast(charter_id as {{ dbt.type_string() }}) as charter_id,
    purpose_version,
    goals,
    improvements,
    improvements_done,
    reflections,
    contributions
from {{ source('plimsoll', 'dim_cycle') }}
