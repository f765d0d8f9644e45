-- How long before a due date its owner proposes to move it, by the quarter of the proposal. Proposals that were not
-- accepted count too: they were made in time, or not. Imported changes of a past due date had no lead.
with proposals as (
    select
        {{ plimsoll.first_day_of('quarter', plimsoll.local_date('changes.proposed_at', 'moment.zone')) }} as period,
        'all' as cell,
        'proposals' as part,
        changes.owner as person,
        changes.in_time,
        {{ dbt.datediff(plimsoll.local_date('changes.proposed_at', 'moment.zone'), 'changes.old_date', 'day') }} as lead_days
    from {{ ref('stg_fact_goal_change') }} as changes
    cross join {{ ref('moment') }} as moment
    where changes.field = 'due' and changes.proposed_by = 'owner' and not changes.retroactive
),

withheld as (
    {{ plimsoll.withheld_cells('proposals') }}
),

figures as (
    select
        period,
        cell,
        count(*) as proposals,
        count(distinct person) as people,
        {{ plimsoll.count_if('in_time') }} as in_time,
        {{ plimsoll.percentile(0.5, 'lead_days') }} as median_lead_days,
        {{ plimsoll.percentile(0.15, 'lead_days') }} as p15_lead_days
    from proposals
    group by period, cell
)

{{ plimsoll.select_shown(
    ["figures.period as quarter"],
    ['proposals', 'people', 'in_time', 'median_lead_days', 'p15_lead_days'],
    plimsoll.share_with_interval('in_time', 'figures.in_time', 'figures.proposals')
) }}
