{# A part is never more than the whole, nor below 0. #}
{% test at_least(model, part, whole) %}
select * from {{ model }} where {{ part }} > {{ whole }} or {{ part }} < 0
{% endtest %}

{# The parts are all of the whole, and no more. #}
{% test sums_up(model, parts, whole) %}
select * from {{ model }} where {{ parts | join(' + ') }} <> {{ whole }}
{% endtest %}

{# Where fewer than five persons are behind a row it says so, and has no figures; else it has them. #}
{% test is_private(model, people, figures) %}
select *
from {{ model }}
where {{ people }} < {{ plimsoll.min_group_size() }}
    or (withheld_by is null and {{ people }} is null)
    or (withheld_by is not null and coalesce({{ people }}{% for name in figures %}, {{ name }}{% endfor %}) is not null)
{% endtest %}
