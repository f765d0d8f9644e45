{#
  Figures of every team and of the whole organisation, from facts with the columns of `period`, cell (a team's id; '' for
  what belongs to none), part and person. Makes the relations `grouped`, which has each fact once for its team and once
  for the organisation, and `withheld`, the rules against each cell.
#}
{% macro with_groups(facts, columns, period=['period']) %}
{%- set keys = period + ['part', 'person'] + columns -%}
small as (
    {{ plimsoll.withheld_cells(facts, period) }}
),

grouped as (
    select cell, {{ keys | join(', ') }} from {{ facts }}
    union all
    select 'organisation' as cell, {{ keys | join(', ') }} from {{ facts }}
),

withheld as (
    select * from small
    union all
    {{ plimsoll.withheld_complements(facts, 'small', period) }}
    union all
    {{ plimsoll.withheld_cells("(select * from grouped where cell = 'organisation') as whole", period) }}
)
{% endmacro %}

{# What a row is of: the head of a model with groups. #}
{% macro group_columns() %}
  {{ return([
    "case when figures.cell = 'organisation' then 'organisation' when figures.cell = '' then 'no team' else 'team' end as scope",
    "case when figures.cell not in ('organisation', '') then figures.cell end as team_id",
  ]) }}
{% endmacro %}
