-- Askings of a question by the quarter in which their time-box ended: decided before its deadline, or not. The mart
-- has how many decide, and not who: at least as many persons as the largest circle had are behind a quarter.
with askings as (
    select
        {{ plimsoll.first_day_of('quarter', plimsoll.local_date('least(decision.deadline, coalesce(decision.decided_at, decision.deadline))', 'moment.zone')) }} as period,
        'all' as cell,
        decision.*
    from {{ ref('stg_fact_decision') }} as decision
    cross join {{ ref('moment') }} as moment
    where least(decision.deadline, coalesce(decision.decided_at, decision.deadline)) <= moment.as_of
),

figures as (
    select
        period,
        cell,
        max(deciders) as people,
        count(*) as askings,
        {{ plimsoll.count_if('decided_at is not null') }} as decided,
        {{ plimsoll.count_if('inside_time_box') }} as inside_time_box,
        {{ plimsoll.count_if("decided_by = 'consent'") }} as by_consent,
        {{ plimsoll.count_if("decided_by = 'fallback'") }} as by_fallback,
        {{ plimsoll.count_if("decided_by = 'lead'") }} as by_lead,
        {{ plimsoll.total('objections') }} as objections,
        {{ plimsoll.total('objections_integrated') }} as objections_integrated,
        {{ plimsoll.median_days('decision_minutes') }} as median_decision_days
    from askings
    group by period, cell
),

withheld as (
    select period, cell, 'small_group' as withheld_by from figures where people < {{ plimsoll.min_group_size() }}
)

{{ plimsoll.select_shown(
    ["figures.period as quarter"],
    ['askings', 'decided', 'inside_time_box', 'by_consent', 'by_fallback', 'by_lead', 'objections', 'objections_integrated', 'median_decision_days'],
    plimsoll.share_with_interval('inside_time_box', 'figures.inside_time_box', 'figures.askings')
) }}
