{#
  Five persons behind every figure, and five behind every difference of figures of one model.

  `facts` has a row for each fact: the columns of `period`, `cell` (to which figure of that period it belongs), `part`
  (which of its counts) and `person`. What comes is a row for each cell that is withheld, with the rule.
#}

{% macro min_group_size() %}{{ return(5) }}{% endmacro %}

{% macro withheld_cells(facts, period=['period']) %}
  {%- set by = period | join(', ') -%}
  select {{ by }}, cell, 'small_group' as withheld_by
  from (
    select {{ by }}, cell, part, count(distinct person) as people
    from {{ facts }}
    group by {{ by }}, cell, part
  ) as parts
  where people > 0
  group by {{ by }}, cell
  having min(people) < {{ plimsoll.min_group_size() }}
{%- endmacro %}

{#
  Where the sum over a period's cells is shown too, what is left when the shown ones are taken from it must be of five
  persons or of none. Where it is not, the smallest shown cell is withheld as well. `small` is what the macro above gave.
#}
{% macro withheld_complements(facts, small, period=['period']) %}
  {%- set by = period | join(', ') -%}
  select ranked.{{ period | join(', ranked.') }}, ranked.cell, 'small_complement' as withheld_by
  from (
    select {{ 'sizes.' ~ (period | join(', sizes.')) }}, sizes.cell,
      row_number() over (partition by {{ 'sizes.' ~ (period | join(', sizes.')) }} order by sizes.people, sizes.cell) as place
    from (
      select {{ by }}, cell, count(distinct person) as people from {{ facts }} group by {{ by }}, cell
    ) as sizes
    left join {{ small }} as small on {{ plimsoll.same('small', 'sizes', period + ['cell']) }}
    where small.cell is null
  ) as ranked
  inner join (
    select {{ by }}
    from (
      select {{ 'facts.' ~ (period | join(', facts.')) }}, facts.part, count(distinct facts.person) as people
      from {{ facts }} as facts
      inner join {{ small }} as small on {{ plimsoll.same('small', 'facts', period + ['cell']) }}
      group by {{ 'facts.' ~ (period | join(', facts.')) }}, facts.part
    ) as parts
    where people > 0
    group by {{ by }}
    having min(people) < {{ plimsoll.min_group_size() }}
  ) as rest on {{ plimsoll.same('rest', 'ranked', period) }}
  where ranked.place = 1
{%- endmacro %}

{# These columns are equal in two relations. #}
{% macro same(one, other, columns) -%}
  {% for name in columns %}{{ one }}.{{ name }} = {{ other }}.{{ name }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# A figure, where its cell is not withheld. #}
{% macro shown(value) -%}
  case when withheld.withheld_by is null then {{ value }} end
{%- endmacro %}

{#
  The columns of `figures`, empty where the cell is withheld, and the rule: the last select of a model that made the
  relations `figures` and `withheld`. `head` is what says which row it is, `more` other values by name.
#}
{% macro select_shown(head, names, more={}, period=['period']) %}
select
    {{ head | join(',\n    ') }},
    {% for name in names %}
    {{ plimsoll.shown('figures.' ~ name) }} as {{ name }},
    {% endfor %}
    {% for name, value in more.items() %}
    {{ plimsoll.shown(value) }} as {{ name }},
    {% endfor %}
    withheld.withheld_by
from figures
left join withheld on {{ plimsoll.same('withheld', 'figures', period + ['cell']) }}
{% endmacro %}

{# A share of cases with its interval, as `more` of the macro above. #}
{% macro share_with_interval(name, count, n) %}
  {{ return({
    name ~ '_share': plimsoll.share(count, n),
    name ~ '_low': plimsoll.wilson_low(count, n),
    name ~ '_high': plimsoll.wilson_high(count, n),
  }) }}
{% endmacro %}
