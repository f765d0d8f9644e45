-- What became of the promises due in each quarter: a triple, never one score. Cancelled and released goals, and those
-- whose sponsor missed an answer, are no part of the cohort; what is not due yet, or open still, waits.
with promises as (
    select
        {{ plimsoll.first_day_of('quarter', 'delivery.due') }} as period,
        coalesce(delivery.team_id, '') as cell,
        'promises' as part,
        delivery.owner as person,
        delivery.kept,
        delivery.awaiting
    from {{ ref('stg_fact_delivery') }} as delivery
    cross join {{ ref('moment') }} as moment
    where delivery.due <= moment.as_of_date and delivery.kept <> 'left_out'
),

{{ plimsoll.with_groups('promises', ['kept', 'awaiting']) }},

figures as (
    select
        period,
        cell,
        count(distinct person) as people,
        {{ plimsoll.count_if("kept <> 'open'") }} as cohort,
        {{ plimsoll.count_if("kept = 'kept_as_promised'") }} as kept_as_promised,
        {{ plimsoll.count_if("kept = 'kept_as_renegotiated'") }} as kept_as_renegotiated,
        {{ plimsoll.count_if("kept = 'late_or_broken'") }} as late_or_broken,
        {{ plimsoll.count_if("awaiting and kept <> 'open'") }} as awaiting_sponsor,
        {{ plimsoll.count_if("kept = 'open'") }} as still_open
    from grouped
    group by period, cell
)

{% set shares = {} %}
{% for name in ['kept_as_promised', 'kept_as_renegotiated', 'late_or_broken'] %}
{% do shares.update(plimsoll.share_with_interval(name, 'figures.' ~ name, 'figures.cohort')) %}
{% endfor %}
{% do shares.update({'honoured_share': plimsoll.share('(figures.kept_as_promised + figures.kept_as_renegotiated)', 'figures.cohort')}) %}
{{ plimsoll.select_shown(
    ["figures.period as quarter"] + plimsoll.group_columns(),
    ['people', 'cohort', 'kept_as_promised', 'kept_as_renegotiated', 'late_or_broken', 'awaiting_sponsor', 'still_open'],
    shares
) }}
