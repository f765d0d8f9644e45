{# Dials of the policy that no column of dim_policy has, as they are where the organisation set none. #}
{% macro default_dials() %}
  {{ return({'stale_grace_days': 3, 'silent_lapse_days': 56}) }}
{% endmacro %}

{# A dial of a policy: as set, or its default. #}
{% macro dial(policy, name) -%}
  coalesce(cast({{ plimsoll.json_value(policy, name) }} as integer), {{ plimsoll.default_dials()[name] }})
{%- endmacro %}
