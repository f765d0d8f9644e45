-- Marts. Each question names its organisation and sees what was known at :known.

-- name: exported
-- What an export up to a position knew: the last log position, and the first and the last business time.
SELECT COALESCE(MAX(known_from), 0) AS known, MIN(occurred_at) AS first, MAX(occurred_at) AS last FROM history
WHERE organisation_id = :organisation_id AND position <= :after AND known_from <= :known

-- name: happened
SELECT position, event_id, occurred_at FROM history
WHERE organisation_id = :organisation_id AND position > :after AND known_from <= :known
ORDER BY position

-- name: addition_owners
-- Every owner of an addition; the last position of the owner's goals and of the owner; whether some effort is unstated.
SELECT p.owner AS owner, MAX(h.position) AS goals, MAX(p.unstated) AS estimated, (
  SELECT MAX(m.position) FROM history m
  WHERE m.organisation_id = :organisation_id AND m.stream_id = p.owner AND m.known_from <= :known
) AS member
FROM (
  SELECT owner, stream_id, MAX(CASE WHEN effort_hours IS NULL THEN 1 ELSE 0 END) AS unstated FROM overload_promises
  WHERE organisation_id = :organisation_id AND known_from <= :known
  GROUP BY owner, stream_id
) p
JOIN history h ON h.organisation_id = :organisation_id AND h.stream_id = p.stream_id AND h.known_from <= :known
GROUP BY p.owner

-- name: addition_shared
-- The last position of the organisation itself, and the last at which a median of stated efforts may have moved.
SELECT MAX(CASE WHEN kind = 'organisation' THEN position END) AS organisation,
  MAX(CASE WHEN type IN ('goal.promised.v1', 'goal.accepted.v1', 'goal.change_accepted.v1') THEN position END) AS estimates
FROM history
WHERE organisation_id = :organisation_id AND known_from <= :known
  AND (kind = 'organisation' OR type IN ('goal.promised.v1', 'goal.accepted.v1', 'goal.change_accepted.v1'))

-- name: due_snapshots
-- The organisations with events behind the oldest of their snapshots, or without some of them.
SELECT o.organisation_id FROM (SELECT DISTINCT organisation_id FROM organisations) o
LEFT JOIN (
  SELECT organisation_id, MIN(position) AS position, COUNT(*) AS marts FROM mart_snapshots GROUP BY organisation_id
) s ON s.organisation_id = o.organisation_id
WHERE COALESCE(s.marts, 0) < :marts
  OR s.position < (SELECT MAX(h.position) FROM history h WHERE h.organisation_id = o.organisation_id)
ORDER BY o.organisation_id
