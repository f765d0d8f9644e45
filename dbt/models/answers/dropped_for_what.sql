-- What gave way for what was added: by the quarter of the addition, how important the added goal and the one that gave
-- way were then, and how it gave way. Additions for which nothing gave way are not here: see who_loads_whom.
with given as (
    {{ plimsoll.gave_way_rows(ref('stg_fact_addition'), ['event_id', 'goal_id', 'member_id', 'occurred_at']) }}
),

priorities as (
    select goal_id, priority, valid_from, valid_to from {{ ref('stg_dim_goal') }}
),

trade_offs as (
    select
        {{ plimsoll.first_day_of('quarter', plimsoll.local_date('given.occurred_at', 'moment.zone')) }} as period,
        {{ dbt.concat([
            "coalesce(added.priority, 'not stated')",
            "'|'",
            "coalesce(gave.priority, case when given.gave_goal is null then 'capacity' else 'not stated' end)",
            "'|'",
            "given.gave_kind",
        ]) }} as cell,
        'trade-offs' as part,
        given.member_id as person,
        coalesce(added.priority, 'not stated') as added_priority,
        coalesce(gave.priority, case when given.gave_goal is null then 'capacity' else 'not stated' end) as gave_priority,
        given.gave_kind,
        given.event_id,
        given.gave_minutes,
        given.gave_inferred
    from given
    cross join {{ ref('moment') }} as moment
    left join priorities as added
        on added.goal_id = given.goal_id
        and added.valid_from <= given.occurred_at
        and (added.valid_to is null or added.valid_to > given.occurred_at)
    left join priorities as gave
        on gave.goal_id = given.gave_goal
        and gave.valid_from <= given.occurred_at
        and (gave.valid_to is null or gave.valid_to > given.occurred_at)
),

withheld as (
    {{ plimsoll.withheld_cells('trade_offs') }}
),

figures as (
    select
        period,
        cell,
        added_priority,
        gave_priority,
        gave_kind,
        count(*) as trade_offs,
        count(distinct event_id) as additions,
        count(distinct person) as people,
        {{ plimsoll.total('gave_minutes') }} as freed_minutes,
        {{ plimsoll.count_if('gave_inferred') }} as inferred
    from trade_offs
    group by period, cell, added_priority, gave_priority, gave_kind
)

{{ plimsoll.select_shown(
    ["figures.period as quarter", "figures.added_priority", "figures.gave_priority", "figures.gave_kind"],
    ['trade_offs', 'additions', 'people', 'freed_minutes', 'inferred']
) }}
