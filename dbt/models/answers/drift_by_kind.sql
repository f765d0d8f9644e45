-- How live goals drift, as of the last event, by kind: a vector that is never added up. `quiet` counts calendar days, as
-- no mart holds absences: those, and pauses that are over, stop the clock of the report's `stale_share`.
with live as (
    select goal.*, moment.as_of, moment.as_of_date, moment.zone, moment.cadence_days, moment.stale_grace_days, moment.silent_lapse_days
    from {{ ref('stg_dim_goal') }} as goal
    cross join {{ ref('moment') }} as moment
    where goal.is_current
        and goal.state in ('active', 'change_proposed_by_owner', 'change_proposed_by_sponsor', 'lapsed')
),

words as (
    select
        event.goal_id,
        max(case when event.type in (
            'goal.promised.v1', 'goal.accepted.v1', 'goal.checked_in.v1', 'goal.affirmed.v1', 'goal.link_affirmed.v1',
            'goal.change_accepted.v1'
        ) then event.occurred_at end) as judged_at,
        max(case when event.party in (event.owner, event.sponsor) then event.occurred_at end) as contact_at
    from {{ ref('stg_fact_goal_event') }} as event
    group by event.goal_id
),

pauses as (
    select
        change.goal_id,
        {{ plimsoll.json_value('change.new', 'resume_on') }} as resume_on,
        row_number() over (partition by change.goal_id order by change.position desc) as place
    from {{ ref('stg_fact_goal_change') }} as change
    where change.field = 'pause' and change.outcome = 'accepted'
),

goals as (
    select
        live.*,
        words.judged_at,
        {{ dbt.datediff(plimsoll.local_date('greatest(words.contact_at, words.judged_at)', 'live.zone'), 'live.as_of_date', 'day') }} as silent_days,
        case when pauses.resume_on > cast(live.as_of_date as {{ dbt.type_string() }}) then 1 else 0 end as is_paused,
        case when live.state = 'lapsed' then 1 else 0 end as is_lapsed
    from live
    inner join words on words.goal_id = live.goal_id
    left join pauses on pauses.goal_id = live.goal_id and pauses.place = 1
),

first_terms as (
    select
        goal_id, {{ dbt.datediff('start', 'due', 'day') }} as first_days,
        row_number() over (partition by goal_id order by version) as place
    from {{ ref('stg_dim_goal') }}
    where terms_version = 1
),

moves as (
    select
        change.goal_id,
        {{ plimsoll.total('case when change.delta_days > 0 and change.negotiated then change.delta_days else 0 end') }} as agreed,
        {{ plimsoll.total('case when change.delta_days > 0 and not change.negotiated and not change.retroactive then change.delta_days else 0 end') }} as alone,
        {{ plimsoll.total('case when change.delta_days > 0 and change.retroactive then change.delta_days else 0 end') }} as retroactive,
        {{ plimsoll.total('case when change.delta_days < 0 then -change.delta_days else 0 end') }} as pulled_in
    from {{ ref('stg_fact_goal_change') }} as change
    where change.field = 'due' and change.outcome = 'accepted'
    group by change.goal_id
),

statements as (
    select
        goal_id, parent_id, how, occurred_at,
        row_number() over (partition by goal_id, parent_id order by occurred_at desc, position desc) as place
    from {{ ref('stg_fact_alignment') }}
    where goal_id is not null
),

parents as (
    select parent_id, max(occurred_at) as moved_at
    from {{ ref('stg_fact_alignment') }}
    where goal_id is null
    group by parent_id
),

facts as (
    select
        'quiet' as period, coalesce(team_id, '') as cell, 'goals' as part, owner as person,
        case when {{ plimsoll.seconds_between('judged_at', 'as_of') }} > 86400 * (cadence_days + stale_grace_days) then 1 else 0 end as is_case,
        0 as days, 0 as first_days
    from goals
    where is_paused = 0 and not (is_lapsed = 1 and silent_days > silent_lapse_days)
    union all
    select
        'abandoned', coalesce(team_id, ''), 'goals', owner,
        case when is_lapsed = 1 and silent_days > silent_lapse_days then 1 else 0 end, 0, 0
    from goals
    {% for kind, column in [
        ('slipped by agreement', 'agreed'), ('slipped by one side', 'alone'), ('slipped after the fact', 'retroactive'),
        ('pulled in', 'pulled_in')
    ] %}
    union all
    select
        '{{ kind }}', coalesce(goals.team_id, ''), 'goals', goals.owner,
        case when coalesce(moves.{{ column }}, 0) > 0 then 1 else 0 end,
        coalesce(moves.{{ column }}, 0),
        greatest(coalesce(first_terms.first_days, 0), 0)
    from goals
    left join moves on moves.goal_id = goals.goal_id
    left join first_terms on first_terms.goal_id = goals.goal_id and first_terms.place = 1
    {% endfor %}
    union all
    select
        'unaffirmed links', coalesce(goals.team_id, ''), 'goals', goals.owner,
        case when parents.moved_at > statements.occurred_at then 1 else 0 end, 0, 0
    from goals
    inner join statements on statements.goal_id = goals.goal_id and statements.place = 1 and statements.how <> 'unlinked'
    left join parents on parents.parent_id = statements.parent_id
),

{{ plimsoll.with_groups('facts', ['is_case', 'days', 'first_days']) }},

figures as (
    select
        period,
        cell,
        count(distinct person) as people,
        count(*) as n,
        {{ plimsoll.total('is_case') }} as cases,
        {{ plimsoll.total('days') }} as days,
        {{ plimsoll.total('first_days') }} as first_days
    from grouped
    group by period, cell
)

{{ plimsoll.select_shown(
    ["figures.period as kind"] + plimsoll.group_columns(),
    ['people', 'n', 'cases'],
    {
        'cases_share': plimsoll.share('figures.cases', 'figures.n'),
        'days': "case when figures.period like 'slipped%' or figures.period = 'pulled in' then figures.days end",
        'ratio_to_first_durations': plimsoll.share('figures.days', 'figures.first_days'),
    }
) }}
