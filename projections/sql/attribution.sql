-- Acts that an import recorded in a member's name.

-- name: latest
-- And how many there are.
SELECT stream_id, event_id, kind, actor, recorded_at, COUNT(*) OVER () AS n FROM attributed_acts
WHERE organisation_id = :organisation_id AND member = :member AND recorded_at > :since AND recorded_at <= :at
  AND known_from <= :known
ORDER BY recorded_at DESC, known_from DESC
LIMIT :rows
