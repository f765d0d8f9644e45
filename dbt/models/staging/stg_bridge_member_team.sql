-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(member_id as {{ dbt.type_string() }}) as member_id,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    version,
    valid_from,
    valid_to,
    recorded_from,
    recorded_to
from {{ source('plimsoll', 'bridge_member_team') }}
