-- Overload. `:facts` selects facts as one lens shows them; `:whose` narrows to owners or a team.

-- name: promises
SELECT stream_id, body FROM :all_in_force(overload_promises) AS promises
WHERE live = 1 AND (:whose)

-- name: stated
SELECT team, effort_hours FROM :all_in_force(overload_promises) AS promises
WHERE effort_hours IS NOT NULL

-- name: stated_promises
SELECT team, effort_hours, body FROM :all_in_force(overload_promises) AS promises
WHERE effort_hours IS NOT NULL

-- name: held_since
-- Those that ended at `since` held just before, and may have outlived another event of that instant. In two parts, each
-- with an index of its own: those that have ended since, and those of whose earlier end was not known.
SELECT owner, valid_from, from_position, CASE WHEN to_position > :known THEN 9223372036854775807 ELSE valid_to END AS valid_to,
  CASE WHEN to_position > :known THEN 9223372036854775807 ELSE to_position END AS to_position, body
FROM overload_promises
WHERE organisation_id = :organisation_id AND valid_from <= :at AND valid_to >= :since
  AND known_from <= :known AND known_to > :known AND live = 1 AND (:whose)
UNION ALL
SELECT owner, valid_from, from_position, 9223372036854775807, 9223372036854775807, body FROM overload_promises
WHERE organisation_id = :organisation_id AND valid_from <= :at AND +valid_to < :since AND to_position > :known
  AND known_from <= :known AND known_to > :known AND live = 1 AND (:whose)

-- name: concerned
SELECT owner FROM overload_additions WHERE :facts AND occurred_at >= :since AND (:whose)
UNION
SELECT owner FROM overload_givings WHERE :facts AND occurred_at >= :since AND (:whose)
UNION
SELECT owner FROM overload_returns WHERE :facts AND occurred_at >= :since

-- name: additions
SELECT stream_id, event_id, occurred_at, log_position, kind, owner, team, requester, imposed, effort_hours, old_effort_hours,
  progress, start, due, named, sources
FROM overload_additions
WHERE :facts AND weightless = 0 AND (:whose)
ORDER BY occurred_at, log_position

-- name: promised
SELECT event_id, imposed, sources, team, owner FROM overload_additions
WHERE :facts AND kind = 'promise' AND occurred_at >= :since AND (:whose)
ORDER BY occurred_at, log_position

-- name: naming
-- Additions of certain goals, and those that name certain goals as what gives.
SELECT stream_id, event_id, occurred_at, kind, named FROM overload_additions
WHERE :facts AND (:whose)

-- name: givings
SELECT stream_id, event_id, occurred_at, log_position, owner, team, kinds, priority, old_due, new_due, before, after, paid_for,
  sources
FROM overload_givings
WHERE :facts AND (:whose)
ORDER BY occurred_at, log_position

-- name: returns
SELECT event_id, occurred_at, log_position, owner, goal, giving FROM overload_returns
WHERE :facts AND (:whose)
ORDER BY occurred_at, log_position

-- name: capacities
SELECT stream_id, event_id, occurred_at, log_position, kind, first, last, hours_per_week, corrects FROM overload_capacities
WHERE :facts AND (:whose)
ORDER BY occurred_at, log_position

-- name: values
SELECT stream_id, event_id, occurred_at, value, corrects FROM overload_values
WHERE :facts AND (:whose)
ORDER BY occurred_at, log_position
