-- The load of each team's members, week by week: as it stood when the week began, beside that of a quarter before and
-- that of the last week. A member of two teams counts in both, so the teams' figures are not to be added up.
with members as (
    select
        bridge.team_id,
        bridge.member_id,
        {{ plimsoll.local_time('bridge.valid_from', 'moment.zone') }} as valid_from,
        {{ plimsoll.local_time('bridge.valid_to', 'moment.zone') }} as valid_to
    from {{ ref('stg_bridge_member_team') }} as bridge
    cross join {{ ref('moment') }} as moment
),

loads as (
    select distinct
        load.week as period,
        members.team_id as cell,
        load.member_id as person,
        load.planned_minutes,
        load.available_minutes,
        load.estimated_minutes,
        load.line
    from {{ ref('stg_fact_load_week') }} as load
    inner join members
        on members.member_id = load.member_id
        and members.valid_from <= cast(load.week as timestamp)
        and (members.valid_to is null or members.valid_to > cast(load.week as timestamp))
),

sizes as (
    select period, cell, count(*) as people from loads group by period, cell
),

-- Of two teams that share members and differ by one to four, the difference would be about those: the smaller is withheld.
shared as (
    select one.period, one.cell as one, other.cell as other, count(*) as people
    from loads as one
    inner join loads as other on other.period = one.period and other.person = one.person and other.cell > one.cell
    group by one.period, one.cell, other.cell
),

pairs as (
    select
        shared.period,
        case when one.people < other.people then shared.one else shared.other end as cell
    from shared
    inner join sizes as one on one.period = shared.period and one.cell = shared.one
    inner join sizes as other on other.period = shared.period and other.cell = shared.other
    where one.people + other.people - 2 * shared.people between 1 and {{ plimsoll.min_group_size() - 1 }}
),

withheld as (
    select period, cell, 'small_group' as withheld_by from sizes where people < {{ plimsoll.min_group_size() }}
    union all
    select distinct pairs.period, pairs.cell, 'small_complement'
    from pairs
    inner join sizes on sizes.period = pairs.period and sizes.cell = pairs.cell
    where sizes.people >= {{ plimsoll.min_group_size() }}
),

totals as (
    select
        period,
        cell,
        count(*) as people,
        {{ plimsoll.total('planned_minutes') }} as planned_minutes,
        {{ plimsoll.total('available_minutes') }} as available_minutes,
        {{ plimsoll.total('estimated_minutes') }} as estimated_minutes,
        {{ plimsoll.count_if("line = 'amber'") }} as members_amber,
        {{ plimsoll.count_if("line = 'red'") }} as members_red
    from loads
    group by period, cell
),

ratios as (
    select
        totals.*,
        withheld.withheld_by,
        {{ plimsoll.shown(plimsoll.share('totals.planned_minutes', 'totals.available_minutes')) }} as load_ratio
    from totals
    left join withheld on withheld.period = totals.period and withheld.cell = totals.cell
),

last_week as (
    select max(period) as period from ratios
)

select
    withheld.period as week,
    withheld.cell as team_id,
    {% for name in ['people', 'planned_minutes', 'available_minutes', 'estimated_minutes', 'members_amber', 'members_red'] %}
    {{ plimsoll.shown('withheld.' ~ name) }} as {{ name }},
    {% endfor %}
    withheld.load_ratio,
    before.load_ratio as quarter_before_ratio,
    latest.load_ratio as last_week_ratio,
    withheld.withheld_by
from ratios as withheld
left join ratios as before
    on before.cell = withheld.cell and before.period = cast({{ dbt.dateadd('day', -91, 'withheld.period') }} as date)
left join (
    select ratios.cell, ratios.load_ratio
    from ratios
    inner join last_week on last_week.period = ratios.period
) as latest on latest.cell = withheld.cell
