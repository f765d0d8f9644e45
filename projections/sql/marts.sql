-- Marts. Each question names its organisation and sees what was known at :known.

-- name: goal_events
SELECT * FROM history
WHERE organisation_id = :organisation_id AND position > :after AND kind = 'goal' AND known_from <= :known
ORDER BY position
LIMIT :rows

-- name: accepted_changes
SELECT * FROM history
WHERE organisation_id = :organisation_id AND position > :after AND type = 'goal.change_accepted.v1'
  AND known_from <= :known
ORDER BY position
LIMIT :rows

-- name: proposals
SELECT * FROM history
WHERE organisation_id = :organisation_id AND stream_id IN (:streams)
  AND type IN ('goal.change_proposed.v1', 'goal.change_countered.v1') AND known_from <= :known

-- name: refs
SELECT stream_id, MIN(ref) AS ref FROM goals
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: exported
-- What an export up to a position knew: the last log position, and the last business time.
SELECT COALESCE(MAX(known_from), 0) AS known, MAX(occurred_at) AS last FROM history
WHERE organisation_id = :organisation_id AND position <= :after AND known_from <= :known

-- name: happened
SELECT position, occurred_at FROM history
WHERE organisation_id = :organisation_id AND position > :after AND known_from <= :known
ORDER BY position
