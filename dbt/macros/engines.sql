{# The few places where engines differ; everything else is plain SQL or a macro of dbt's own. #}

{# Floating point of 64 bits: dbt's own `type_float` has 32 of them on DuckDB and Spark. #}
{% macro double() -%}
  {{ return(adapter.dispatch('double', 'plimsoll')()) }}
{%- endmacro %}

{% macro default__double() %}{{ return('double precision') }}{% endmacro %}

{% macro spark__double() %}{{ return('double') }}{% endmacro %}

{# An instant as the organisation's clocks showed it. #}
{% macro local_time(instant, zone) -%}
  {{ return(adapter.dispatch('local_time', 'plimsoll')(instant, zone)) }}
{%- endmacro %}

{% macro default__local_time(instant, zone) -%}
  ({{ instant }} at time zone {{ zone }})
{%- endmacro %}

{% macro spark__local_time(instant, zone) -%}
  from_utc_timestamp({{ instant }}, {{ zone }})
{%- endmacro %}

{# The day of an instant in the organisation's zone. #}
{% macro local_date(instant, zone) -%}
  cast({{ plimsoll.local_time(instant, zone) }} as date)
{%- endmacro %}

{% macro first_day_of(part, day) -%}
  cast({{ dbt.date_trunc(part, day) }} as date)
{%- endmacro %}

{# A value of a JSON object, as text. #}
{% macro json_value(object, name) -%}
  {{ return(adapter.dispatch('json_value', 'plimsoll')(object, name)) }}
{%- endmacro %}

{% macro default__json_value(object, name) -%}
  (cast({{ object }} as json) ->> '{{ name }}')
{%- endmacro %}

{% macro spark__json_value(object, name) -%}
  get_json_object({{ object }}, '$.{{ name }}')
{%- endmacro %}

{# On Spark the marts are files: a table over each, in the schema that the sources name. #}
{% macro create_source_tables() -%}
  {{ return(adapter.dispatch('create_source_tables', 'plimsoll')()) }}
{%- endmacro %}

{% macro default__create_source_tables() %}{% endmacro %}

{% macro spark__create_source_tables() %}
  {% if execute %}
    {% set home = env_var('PLIMSOLL_MARTS', 'warehouse') %}
    {% do run_query('create schema if not exists bi') %}
    {% for node in graph.sources.values() if node.package_name == 'plimsoll' %}
      {% do run_query('drop table if exists bi.' ~ node.name) %}
      {% do run_query('create table bi.' ~ node.name ~ " using parquet location '" ~ home ~ '/' ~ node.name ~ ".parquet'") %}
    {% endfor %}
  {% endif %}
{% endmacro %}

{# Seconds from one instant to another, with their fraction. #}
{% macro seconds_between(first, last) -%}
  {{ return(adapter.dispatch('seconds_between', 'plimsoll')(first, last)) }}
{%- endmacro %}

{% macro default__seconds_between(first, last) -%}
  (extract(epoch from {{ last }}) - extract(epoch from {{ first }}))
{%- endmacro %}

{% macro spark__seconds_between(first, last) -%}
  ((unix_micros({{ last }}) - unix_micros({{ first }})) / 1000000.0)
{%- endmacro %}

{# A row for each object of the list in `gave_way`, with the given columns of the row that it stands in. #}
{% macro gave_way_rows(relation, columns) -%}
  {{ return(adapter.dispatch('gave_way_rows', 'plimsoll')(relation, columns)) }}
{%- endmacro %}

{% macro duckdb__gave_way_rows(relation, columns) -%}
  select
        {{ columns | join(', ') }},
        act ->> 'goal' as gave_goal,
        cast(act ->> 'minutes' as integer) as gave_minutes,
        cast(act ->> 'inferred' as boolean) as gave_inferred,
        array_to_string(cast(act -> 'kinds' as varchar[]), ',') as gave_kind
    from (
        select {{ columns | join(', ') }}, unnest(cast(cast(gave_way as json) as json[])) as act from {{ relation }}
    ) as listed
{%- endmacro %}

{% macro postgres__gave_way_rows(relation, columns) -%}
  select
        {{ columns | join(', ') }},
        act ->> 'goal' as gave_goal,
        cast(act ->> 'minutes' as integer) as gave_minutes,
        cast(act ->> 'inferred' as boolean) as gave_inferred,
        array_to_string(array(select json_array_elements_text(act -> 'kinds')), ',') as gave_kind
    from (
        select {{ columns | join(', ') }}, json_array_elements(cast(gave_way as json)) as act from {{ relation }}
    ) as listed
{%- endmacro %}

{% macro spark__gave_way_rows(relation, columns) -%}
  select
        {{ columns | join(', ') }},
        act.goal as gave_goal,
        act.minutes as gave_minutes,
        act.inferred as gave_inferred,
        array_join(act.kinds, ',') as gave_kind
    from (
        select
            {{ columns | join(', ') }},
            explode(from_json(gave_way, 'array<struct<goal: string, minutes: int, inferred: boolean, kinds: array<string>>>')) as act
        from {{ relation }}
    ) as listed
{%- endmacro %}
