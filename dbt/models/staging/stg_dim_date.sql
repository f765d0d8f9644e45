-- Written by `make contracts` from the registry of marts; do not edit.
select
    position,
    date,
    year,
    quarter,
    month,
    week,
    iso_year,
    iso_week,
    weekday,
    is_working_day
from {{ source('plimsoll', 'dim_date') }}
