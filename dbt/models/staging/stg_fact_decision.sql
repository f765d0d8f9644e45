-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(decision_id as {{ dbt.type_string() }}) as decision_id,
    cast(ref as {{ dbt.type_string() }}) as ref,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    asking,
    cast(opened_by as {{ dbt.type_string() }}) as opened_by,
    opened_at,
    deadline,
    deciders,
    objections,
    objections_integrated,
    decided_at,
    cast(decided_by as {{ dbt.type_string() }}) as decided_by,
    cast(decision_event_id as {{ dbt.type_string() }}) as decision_event_id,
    inside_time_box,
    in_favour,
    decision_minutes,
    reopened_at
from {{ source('plimsoll', 'fact_decision') }}
