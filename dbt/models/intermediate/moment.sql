-- One row: the instant of the last act on a goal, a decision or a charter, the day that it is for the organisation, and
-- the policy in force then. Members and teams do not count: an organisation is founded before its past is imported.
with instants as (
    select max(occurred_at) as at_instant from {{ ref('stg_fact_goal_event') }}
    union all
    select max(coalesce(decided_at, opened_at)) from {{ ref('stg_fact_decision') }}
    union all
    select max(valid_from) from {{ ref('stg_dim_charter') }}
),

last_event as (
    select max(at_instant) as as_of from instants
)

select
    last_event.as_of,
    {{ plimsoll.local_date('last_event.as_of', 'policy.zone') }} as as_of_date,
    policy.zone,
    policy.cadence_days,
    {{ plimsoll.dial('policy.policy', 'stale_grace_days') }} as stale_grace_days,
    {{ plimsoll.dial('policy.policy', 'silent_lapse_days') }} as silent_lapse_days
from last_event
inner join {{ ref('stg_dim_policy') }} as policy
    on (policy.valid_from is null or policy.valid_from <= last_event.as_of)
    and (policy.valid_to is null or policy.valid_to > last_event.as_of)
