-- How live goals drift, as of the last event, by kind: a vector that is never added up. `quiet` counts calendar days, as
-- no mart holds absences: those, and pauses that are over, stop the clock of the report's `stale_share`.
with words as (
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

-- One row for each goal and version: the live ones, with the first terms that each was promised with.
versions as (
    select
        goal.*,
        first_value({{ dbt.datediff('goal.start', 'goal.due', 'day') }}) over (
            partition by goal.goal_id order by case when goal.terms_version = 1 then 0 else 1 end, goal.version
        ) as first_days
    from {{ ref('stg_dim_goal') }} as goal
),

goals as (
    select
        versions.goal_id,
        versions.owner,
        coalesce(versions.team_id, '') as cell,
        greatest(versions.first_days, 0) as first_days,
        case when {{ plimsoll.seconds_between('words.judged_at', 'moment.as_of') }}
            > 86400 * (moment.cadence_days + moment.stale_grace_days) then 1 else 0 end as is_quiet,
        case when versions.state = 'lapsed' and {{ dbt.datediff(
            plimsoll.local_date('greatest(words.contact_at, words.judged_at)', 'moment.zone'), 'moment.as_of_date', 'day'
        ) }} > moment.silent_lapse_days then 1 else 0 end as is_abandoned,
        case when pauses.resume_on > cast(moment.as_of_date as {{ dbt.type_string() }}) then 1 else 0 end as is_paused,
        coalesce(moves.agreed, 0) as agreed,
        coalesce(moves.alone, 0) as alone,
        coalesce(moves.retroactive, 0) as retroactive,
        coalesce(moves.pulled_in, 0) as pulled_in
    from versions
    cross join {{ ref('moment') }} as moment
    inner join words on words.goal_id = versions.goal_id
    left join pauses on pauses.goal_id = versions.goal_id and pauses.place = 1
    left join moves on moves.goal_id = versions.goal_id
    where versions.is_current
        and versions.state in ('active', 'change_proposed_by_owner', 'change_proposed_by_sponsor', 'lapsed')
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

-- A goal drifts in several ways: a row for each of them that it can be judged by.
kinds as (
    {% for kind in ['quiet', 'abandoned', 'slipped by agreement', 'slipped by one side', 'slipped after the fact', 'pulled in'] %}
    select '{{ kind }}' as kind
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

judged as (
    select
        kinds.kind,
        goals.*,
        case kinds.kind
            when 'slipped by agreement' then goals.agreed
            when 'slipped by one side' then goals.alone
            when 'slipped after the fact' then goals.retroactive
            when 'pulled in' then goals.pulled_in
            else 0
        end as days
    from goals
    cross join kinds
    where kinds.kind <> 'quiet' or (goals.is_paused = 0 and goals.is_abandoned = 0)
),

facts as (
    select
        kind as period,
        cell,
        'goals' as part,
        owner as person,
        case kind when 'quiet' then is_quiet when 'abandoned' then is_abandoned else case when days > 0 then 1 else 0 end end as is_case,
        days,
        first_days
    from judged
    union all
    select
        'unaffirmed links', goals.cell, 'goals', goals.owner,
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
        'ratio_to_first_durations': "case when figures.period like 'slipped%' or figures.period = 'pulled in' then "
            ~ plimsoll.share('figures.days', 'figures.first_days') ~ " end",
    }
) }}
