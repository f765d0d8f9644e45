-- What was added to whose load, and at whose request: by the quarter of the addition, the team whose goal it is, and the
-- side from which it was asked. Additions that fitted in are apart, as in the report.
with members as (
    select member_id, team_id, valid_from, valid_to from {{ ref('stg_bridge_member_team') }}
    union all
    select lead, team_id, valid_from, valid_to from {{ ref('stg_dim_team') }} where archived_at is null
),

sided as (
    select
        addition.event_id,
        max(case when members.team_id = addition.team_id then 2 when members.team_id is not null then 1 else 0 end) as side
    from {{ ref('stg_fact_addition') }} as addition
    left join members
        on members.member_id = addition.requester
        and members.valid_from <= addition.occurred_at
        and (members.valid_to is null or members.valid_to > addition.occurred_at)
    group by addition.event_id
),

additions as (
    select
        {{ plimsoll.first_day_of('quarter', plimsoll.local_date('addition.occurred_at', 'moment.zone')) }} as period,
        case
            when addition.requester = addition.member_id then 'oneself'
            when sided.side = 2 then 'the same team'
            when sided.side = 1 then 'another team'
            else 'no team'
        end as asked_by,
        coalesce(addition.team_id, '') as cell,
        addition.*
    from {{ ref('stg_fact_addition') }} as addition
    inner join sided on sided.event_id = addition.event_id
    cross join {{ ref('moment') }} as moment
),

facts as (
    select
        period, asked_by, cell, 'owners' as part, member_id as person, 1 as is_addition, absorbed, paired, imposed,
        added_minutes, freed_minutes
    from additions
    union all
    select period, asked_by, cell, 'requesters', requester, 0, false, false, false, 0, 0
    from additions
),

{{ plimsoll.with_groups(
    'facts',
    ['is_addition', 'absorbed', 'paired', 'imposed', 'added_minutes', 'freed_minutes'],
    period=['period', 'asked_by']
) }},

figures as (
    select
        period,
        asked_by,
        cell,
        {{ plimsoll.total('is_addition') }} as additions,
        {{ plimsoll.total('case when absorbed then 1 else 0 end') }} as absorbed,
        {{ plimsoll.count_if('is_addition = 1 and not absorbed') }} as counted,
        {{ plimsoll.count_if('is_addition = 1 and not absorbed and not paired') }} as without_trade_off,
        {{ plimsoll.count_if('imposed') }} as imposed,
        {{ plimsoll.total('added_minutes') }} as added_minutes,
        {{ plimsoll.total('freed_minutes') }} as freed_minutes
    from grouped
    group by period, asked_by, cell
)

{{ plimsoll.select_shown(
    ["figures.period as quarter", "figures.asked_by"] + plimsoll.group_columns(),
    ['additions', 'absorbed', 'counted', 'without_trade_off', 'imposed', 'added_minutes', 'freed_minutes'],
    plimsoll.share_with_interval('without_trade_off', 'figures.without_trade_off', 'figures.counted'),
    period=['period', 'asked_by']
) }}
