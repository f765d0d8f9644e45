-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(pulse_id as {{ dbt.type_string() }}) as pulse_id,
    cast(ref as {{ dbt.type_string() }}) as ref,
    cast(grouping as {{ dbt.type_string() }}) as grouping,
    cast(group_id as {{ dbt.type_string() }}) as group_id,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    cast(item as {{ dbt.type_string() }}) as item,
    answers,
    total,
    cast(mean as decimal(38, 6)) as mean,
    cast(withheld_by as {{ dbt.type_string() }}) as withheld_by,
    opened_at,
    closed_at
from {{ source('plimsoll', 'fact_pulse') }}
