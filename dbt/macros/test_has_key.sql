{# The key is one row's alone, and no column of `present` is ever empty. #}
{% test has_key(model, key, present=[]) %}
select {{ key | join(', ') }}, 'twice' as what
from {{ model }}
group by {{ key | join(', ') }}
having count(*) > 1
{% if present %}
union all
select {{ key | join(', ') }}, 'empty' as what
from {{ model }}
where {% for name in present %}{{ name }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endif %}
{% endtest %}
