{#
  A number in floating point with six decimals, half up. Rounded while it is one: PostgreSQL would first cut it to
  fifteen digits, and so round 0.97758249999... up.
#}
{% macro figure(value) -%}
  {{ plimsoll.millionths('cast(floor(cast(' ~ value ~ ' as ' ~ plimsoll.double() ~ ') * 1000000 + 0.5) as ' ~ dbt.type_bigint() ~ ')') }}
{%- endmacro %}

{# A whole number of millionths as a decimal. #}
{% macro millionths(value) -%}
  cast(cast({{ value }} as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))
{%- endmacro %}

{#
  A quotient of two whole numbers above zero; empty where the second is. Reckoned in whole millionths, half up: engines
  divide in their own ways, and would round what lies in the middle in their own ways too.
#}
{% macro share(count, n) -%}
  {%- set part = '(2000000 * cast(' ~ count ~ ' as ' ~ dbt.type_bigint() ~ ') + ' ~ n ~ ')' -%}
  {%- set whole = 'nullif(2 * cast(' ~ n ~ ' as ' ~ dbt.type_bigint() ~ '), 0)' -%}
  {{ plimsoll.millionths('(' ~ part ~ ' - mod(' ~ part ~ ', ' ~ whole ~ ')) / ' ~ whole) }}
{%- endmacro %}

{# The value below which a part of the cases lies, interpolated; `part` 0.5 is the median. #}
{% macro percentile(part, value) -%}
  {{ plimsoll.figure('percentile_cont(' ~ part ~ ') within group (order by ' ~ value ~ ')') }}
{%- endmacro %}

{# The median of whole minutes in days: twice the median is a whole number. #}
{% macro median_days(minutes) -%}
  {{ plimsoll.share('cast(2 * percentile_cont(0.5) within group (order by ' ~ minutes ~ ') as ' ~ dbt.type_bigint() ~ ')', '2880') }}
{%- endmacro %}

{# Wilson's score interval at 95 %: docs/reports.md. Empty where there is no case. #}
{% macro wilson_low(count, n) -%}
  case when {{ count }} = 0 and {{ n }} > 0 then {{ plimsoll.figure('0') }}
    when {{ n }} > 0 then {{ plimsoll.figure('greatest(0, ' ~ plimsoll.wilson_end(count, n, '-') ~ ')') }} end
{%- endmacro %}

{% macro wilson_high(count, n) -%}
  case when {{ count }} = {{ n }} and {{ n }} > 0 then {{ plimsoll.figure('1') }}
    when {{ n }} > 0 then {{ plimsoll.figure('least(1, ' ~ plimsoll.wilson_end(count, n, '+') ~ ')') }} end
{%- endmacro %}

{% macro wilson_end(count, n, sign) -%}
  {%- set z = 'cast(1.959963984540054 as ' ~ plimsoll.double() ~ ')' -%}
  {%- set c = 'cast(' ~ count ~ ' as ' ~ plimsoll.double() ~ ')' -%}
  {%- set m = 'cast(nullif(' ~ n ~ ', 0) as ' ~ plimsoll.double() ~ ')' -%}
  ({{ c }} / {{ m }} + {{ z }} * {{ z }} / (2 * {{ m }}) {{ sign }} {{ z }} * sqrt({{ c }} / {{ m }} * (1 - {{ c }} / {{ m }}) / {{ m }} + {{ z }} * {{ z }} / (4 * {{ m }} * {{ m }}))) / (1 + {{ z }} * {{ z }} / {{ m }})
{%- endmacro %}

{# A sum of whole numbers; each engine would widen it in its own way. #}
{% macro total(value) -%}
  cast(coalesce(sum({{ value }}), 0) as {{ dbt.type_bigint() }})
{%- endmacro %}

{# How many cases are so. #}
{% macro count_if(condition) -%}
  {{ plimsoll.total('case when ' ~ condition ~ ' then 1 else 0 end') }}
{%- endmacro %}
