-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(member_id as {{ dbt.type_string() }}) as member_id,
    week,
    planned_minutes,
    available_minutes,
    ratio_bp,
    estimated_minutes,
    goals,
    default_hours,
    cast(line as {{ dbt.type_string() }}) as line,
    policy_version,
    cast(event_id as {{ dbt.type_string() }}) as event_id
from {{ source('plimsoll', 'fact_load_week') }}
