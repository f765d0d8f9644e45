-- Whether help comes: needs by the quarter in which they were raised, answers by the quarter in which they were given.
with needs as (
    select
        need.*,
        {{ plimsoll.first_day_of('quarter', plimsoll.local_date('need.raised_at', 'moment.zone')) }} as raised_in,
        {{ plimsoll.first_day_of('quarter', plimsoll.local_date('need.closed_at', 'moment.zone')) }} as closed_in,
        moment.as_of_date
    from {{ ref('stg_fact_need') }} as need
    cross join {{ ref('moment') }} as moment
    where need.state <> 'taken_back'
),

facts as (
    select
        raised_in as period,
        coalesce(team_id, '') as cell,
        'raised' as part,
        owner as person,
        case when state = 'answered' then 1 else 0 end as is_answered,
        case when state = 'open' and answer_by < as_of_date then 1 else 0 end as is_overdue,
        cast(null as {{ dbt.type_bigint() }}) as answer_minutes
    from needs
    union all
    select closed_in, coalesce(team_id, ''), 'answers', owner, 0, 0, answer_minutes
    from needs
    where state = 'answered'
),

{{ plimsoll.with_groups('facts', ['is_answered', 'is_overdue', 'answer_minutes']) }},

figures as (
    select
        period,
        cell,
        count(distinct person) as people,
        {{ plimsoll.count_if("part = 'raised'") }} as raised,
        {{ plimsoll.total('is_answered') }} as raised_and_answered,
        {{ plimsoll.total('is_overdue') }} as past_answer_by,
        {{ plimsoll.count_if("part = 'answers'") }} as answers_given,
        {{ plimsoll.median_days('answer_minutes') }} as median_answer_days
    from grouped
    group by period, cell
)

{{ plimsoll.select_shown(
    ["figures.period as quarter"] + plimsoll.group_columns(),
    ['people', 'raised', 'raised_and_answered', 'past_answer_by', 'answers_given', 'median_answer_days'],
    plimsoll.share_with_interval('answered', 'figures.raised_and_answered', 'figures.raised')
) }}
