-- Each purpose in force, the goals that name it, and when one of them last moved forward: kept, or further than before.
with purposes as (
    select charter_id, team_id, purpose_version, purpose_since
    from {{ ref('stg_dim_charter') }}
    where is_current and purpose is not null
),

serving as (
    select distinct
        purposes.charter_id,
        goal.goal_id,
        goal.owner,
        case when goal.state = 'satisfied' then 1 else 0 end as is_kept
    from purposes
    inner join {{ ref('stg_bridge_goal_support') }} as support
        on support.parent_id = purposes.charter_id and support.parent_kind = 'purpose' and support.valid_to is null
    inner join {{ ref('stg_dim_goal') }} as goal on goal.goal_id = support.goal_id and goal.is_current
    where goal.state in ('active', 'change_proposed_by_owner', 'change_proposed_by_sponsor', 'lapsed', 'delivered')
        or (goal.state = 'satisfied' and goal.valid_from >= purposes.purpose_since)
),

spoken as (
    select
        goal_id, occurred_at, share_done,
        lag(share_done) over (partition by goal_id order by position) as share_before
    from {{ ref('stg_fact_check_in') }}
),

steps as (
    select goal_id, occurred_at from spoken where share_done > coalesce(share_before, 0)
    union all
    select goal_id, ended_at from {{ ref('stg_fact_delivery') }} where outcome = 'satisfied'
),

progress as (
    select serving.charter_id, max(steps.occurred_at) as last_progress_at
    from serving
    inner join steps on steps.goal_id = serving.goal_id
    group by serving.charter_id
),

facts as (
    select charter_id as period, 'all' as cell, 'goals' as part, owner as person from serving
),

withheld as (
    {{ plimsoll.withheld_cells('facts') }}
),

figures as (
    select
        purposes.charter_id as period,
        'all' as cell,
        purposes.team_id,
        purposes.purpose_version,
        {{ plimsoll.local_date('purposes.purpose_since', 'moment.zone') }} as purpose_since,
        count(serving.goal_id) as goals,
        {{ plimsoll.total('serving.is_kept') }} as kept,
        {{ plimsoll.local_date('max(progress.last_progress_at)', 'moment.zone') }} as last_progress_on,
        max(moment.as_of_date) as as_of_date
    from purposes
    cross join {{ ref('moment') }} as moment
    left join serving on serving.charter_id = purposes.charter_id
    left join progress on progress.charter_id = purposes.charter_id
    group by purposes.charter_id, purposes.team_id, purposes.purpose_version, purposes.purpose_since, moment.zone
)

{{ plimsoll.select_shown(
    ["figures.period as charter_id", "figures.team_id", "figures.purpose_version", "figures.purpose_since"],
    ['goals', 'kept', 'last_progress_on'],
    {
        'days_without_progress': dbt.datediff('coalesce(figures.last_progress_on, figures.purpose_since)', 'figures.as_of_date', 'day'),
        'status': "case when figures.goals = 0 then 'no goal' when figures.last_progress_on is null then 'no progress yet' else 'progress' end",
    }
) }}
