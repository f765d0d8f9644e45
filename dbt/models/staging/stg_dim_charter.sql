-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(charter_id as {{ dbt.type_string() }}) as charter_id,
    version,
    valid_from,
    valid_to,
    recorded_from,
    recorded_to,
    is_current,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    purpose_version,
    cast(purpose as {{ dbt.type_string() }}) as purpose,
    purpose_since,
    in_force,
    non_negotiables,
    freedoms,
    rituals
from {{ source('plimsoll', 'dim_charter') }}
