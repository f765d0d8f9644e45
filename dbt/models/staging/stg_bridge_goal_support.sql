-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(goal_id as {{ dbt.type_string() }}) as goal_id,
    cast(parent_id as {{ dbt.type_string() }}) as parent_id,
    cast(parent_kind as {{ dbt.type_string() }}) as parent_kind,
    valid_from,
    valid_to,
    recorded_from,
    recorded_to
from {{ source('plimsoll', 'bridge_goal_support') }}
