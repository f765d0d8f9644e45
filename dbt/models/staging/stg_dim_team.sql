-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    version,
    valid_from,
    valid_to,
    recorded_from,
    recorded_to,
    is_current,
    cast(ref as {{ dbt.type_string() }}) as ref,
    cast(name as {{ dbt.type_string() }}) as name,
    cast(lead as {{ dbt.type_string() }}) as lead,
    archived_at
from {{ source('plimsoll', 'dim_team') }}
