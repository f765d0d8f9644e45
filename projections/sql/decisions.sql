-- Decisions, as versions.

-- name: get
SELECT d.body, (
    SELECT MAX(e.version) FROM decisions e
    WHERE e.organisation_id = :organisation_id AND e.stream_id = :stream_id AND e.known_from <= :known
  ) AS stream_version
FROM decisions d
WHERE d.organisation_id = :organisation_id AND d.stream_id = :stream_id
  AND :in_force(d)

-- name: versions
SELECT stream_id, MAX(version) AS version FROM decisions
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: perspectives
SELECT event_id, COALESCE(on_behalf_of, actor) AS party, occurred_at, data FROM history
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND type = :tag
  AND occurred_at <= :at AND known_from <= :known
ORDER BY version LIMIT :rows
