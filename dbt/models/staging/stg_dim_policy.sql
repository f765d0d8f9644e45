-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    version,
    valid_from,
    valid_to,
    cast(zone as {{ dbt.type_string() }}) as zone,
    response_working_days,
    change_timeout_working_days,
    verdict_working_days,
    cadence_days,
    wip_limit,
    cast(load_amber as decimal(38, 6)) as load_amber,
    cast(load_red as decimal(38, 6)) as load_red,
    cast(focus as decimal(38, 6)) as focus,
    cast(policy as {{ dbt.type_string() }}) as policy
from {{ source('plimsoll', 'dim_policy') }}
