-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(member_id as {{ dbt.type_string() }}) as member_id,
    version,
    valid_from,
    valid_to,
    recorded_from,
    recorded_to,
    is_current,
    is_present,
    joined_at,
    left_at,
    cast(roles as {{ dbt.type_string() }}) as roles,
    cast(name as {{ dbt.type_string() }}) as name,
    cast(ref as {{ dbt.type_string() }}) as ref
from {{ source('plimsoll', 'dim_member') }}
