-- The facts behind drift, as one question sees them. `:ids` stands for a slice of the ids that are asked for.

-- name: pauses
SELECT stream_id, event_id, proposal_id, occurred_at, paused_from, resume_on FROM drift_clock
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
  AND (kind = 'resume' OR paused_from IS NOT NULL)
ORDER BY occurred_at, known_from

-- name: moves
SELECT stream_id, event_id, field, moved, negotiated, retroactive, proposal_id FROM drift_moves
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
ORDER BY known_from, field

-- name: links
-- All that was said about each link, oldest first: the last of it holds.
SELECT stream_id, event_id, parent, purpose, occurred_at, affirmed FROM drift_links
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
ORDER BY stream_id, parent, occurred_at, known_from

-- name: material
SELECT stream_id, event_id, occurred_at, what FROM drift_material
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, known_from

-- name: parents
-- `+`: by their ids; SQLite would otherwise walk every goal that is still valid.
SELECT stream_id, title, owner, state FROM goals
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND :in_force()

-- name: owners
SELECT stream_id, body FROM members
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND :in_force()

-- name: expectations
SELECT stream_id, event_id, occurred_at, known_from, team, kind, item, number, member, text FROM drift_expectations
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known

-- name: linked
-- The same, of the links to these parents.
SELECT stream_id, event_id, parent, affirmed FROM drift_links
WHERE organisation_id = :organisation_id AND parent IN (:ids) AND occurred_at <= :at AND known_from <= :known
ORDER BY stream_id, parent, occurred_at, known_from

-- name: supporters
-- What was said about the links to these parents, from below.
SELECT stream_id, event_id, parent, purpose, affirmed, how, trigger, cause, said_at, occurred_at FROM drift_links
WHERE organisation_id = :organisation_id AND parent IN (:ids) AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, known_from

-- name: supported
-- What was said about the links of these goals.
SELECT stream_id, event_id, parent, purpose, affirmed, how, trigger, cause, said_at, occurred_at FROM drift_links
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, known_from

-- name: states
SELECT stream_id, state, title, team, owner, due, :goal_body(goals) AS body FROM goals
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND :in_force()
