-- Decisions, as versions.

-- name: versions
SELECT stream_id, MAX(version) AS version FROM decisions
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: perspectives
SELECT event_id, COALESCE(on_behalf_of, actor) AS party, occurred_at, data FROM history
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND type = :tag
  AND occurred_at <= :at AND known_from <= :known
ORDER BY version LIMIT :rows
