-- Overload. `:facts` selects facts as one question sees them; `:whose` narrows to owners or a team.

-- name: promises
SELECT stream_id, body FROM :all_in_force(overload_promises) AS promises
WHERE live = 1 AND (:whose)

-- name: stated
SELECT team, effort_hours FROM :all_in_force(overload_promises) AS promises
WHERE effort_hours IS NOT NULL

-- name: stated_promises
SELECT team, effort_hours, body FROM :all_in_force(overload_promises) AS promises
WHERE effort_hours IS NOT NULL

-- name: held_at_acts
-- What each owner of these goals' additions held right after each of them: of the events of its instant those before it in
-- the log count. In two parts, each with an index of its own: those that ended behind it, and those of whose earlier end
-- was not known.
SELECT a.event_id, p.body FROM overload_additions a JOIN overload_promises p ON p.organisation_id = a.organisation_id
  AND p.owner = a.owner AND p.live = 1 AND p.valid_to >= a.occurred_at
WHERE a.organisation_id = :organisation_id AND a.stream_id IN (:ids) AND a.occurred_at >= :since AND a.occurred_at <= :at
  AND a.known_from <= :known AND a.known_to > :known AND p.known_from <= :known AND p.known_to > :known
  AND (p.valid_from < a.occurred_at OR p.valid_from = a.occurred_at AND p.from_position <= a.log_position)
  AND (p.valid_to > a.occurred_at OR p.to_position > a.log_position)
UNION ALL
SELECT a.event_id, p.body FROM overload_promises p JOIN overload_additions a ON a.organisation_id = p.organisation_id
  AND a.owner = p.owner AND a.occurred_at > p.valid_to
WHERE p.organisation_id = :organisation_id AND p.to_position > :known AND p.to_position < 9223372036854775807 AND p.live = 1
  AND p.known_from <= :known AND p.known_to > :known AND a.stream_id IN (:ids) AND a.occurred_at >= :since
  AND a.occurred_at <= :at AND a.known_from <= :known AND a.known_to > :known

-- name: concerned
SELECT owner FROM overload_additions WHERE :facts AND occurred_at >= :since AND (:whose)
UNION
SELECT owner FROM overload_givings WHERE :facts AND occurred_at >= :since AND (:whose)
UNION
SELECT owner FROM overload_returns WHERE :facts AND occurred_at >= :since

-- name: naming_owners
-- Those of whose additions and trade-offs some name the other: what is named may be as old as it likes.
SELECT owner FROM overload_additions WHERE :facts AND named <> '[]'
UNION
SELECT owner FROM overload_givings WHERE :facts AND paid_for <> '[]'

-- name: additions
SELECT stream_id, event_id, occurred_at, log_position, kind, owner, team, requester, imposed, effort_hours, old_effort_hours,
  progress, start, due, named, sources
FROM overload_additions
WHERE :facts AND weightless = 0 AND (:whose)
ORDER BY occurred_at, log_position

-- name: promised
SELECT event_id, occurred_at, imposed, sources, team, owner FROM overload_additions
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
