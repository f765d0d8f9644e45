-- Accepted moves of due dates, by the quarter of their acceptance and the reason that was given.
with moves as (
    select
        {{ plimsoll.first_day_of('quarter', plimsoll.local_date('changes.accepted_at', 'moment.zone')) }} as period,
        coalesce(changes.reason_code, '') as cell,
        'moves' as part,
        changes.owner as person,
        changes.goal_id,
        changes.delta_days,
        changes.negotiated
    from {{ ref('stg_fact_goal_change') }} as changes
    cross join {{ ref('moment') }} as moment
    where changes.field = 'due' and changes.outcome = 'accepted'
),

withheld as (
    {{ plimsoll.withheld_cells('moves') }}
),

figures as (
    select
        period,
        cell,
        count(*) as moves,
        count(distinct goal_id) as goals,
        count(distinct person) as people,
        {{ plimsoll.count_if('negotiated') }} as negotiated_moves,
        {{ plimsoll.total('greatest(delta_days, 0)') }} as slipped_days,
        {{ plimsoll.total('greatest(-delta_days, 0)') }} as pulled_in_days,
        {{ plimsoll.percentile(0.5, 'delta_days') }} as median_days
    from moves
    group by period, cell
)

{{ plimsoll.select_shown(
    ["figures.period as quarter", "nullif(figures.cell, '') as reason_code"],
    ['moves', 'goals', 'people', 'negotiated_moves', 'slipped_days', 'pulled_in_days', 'median_days']
) }}
