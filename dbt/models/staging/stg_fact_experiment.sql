-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    cast(event_id as {{ dbt.type_string() }}) as event_id,
    cast(experiment_id as {{ dbt.type_string() }}) as experiment_id,
    cast(ref as {{ dbt.type_string() }}) as ref,
    cast(team_id as {{ dbt.type_string() }}) as team_id,
    cast(tension as {{ dbt.type_string() }}) as tension,
    cast(hypothesis as {{ dbt.type_string() }}) as hypothesis,
    cast(measure as {{ dbt.type_string() }}) as measure,
    cast(state as {{ dbt.type_string() }}) as state,
    cast(owner_id as {{ dbt.type_string() }}) as owner_id,
    cast(proposed_by as {{ dbt.type_string() }}) as proposed_by,
    proposed_at,
    agreed_at,
    review_on,
    findings,
    ended_at
from {{ source('plimsoll', 'fact_experiment') }}
