-- Charters, as versions.

-- name: charters
SELECT body, version FROM :all_in_force(charters) AS charters
ORDER BY CASE WHEN team IS NULL THEN 0 ELSE 1 END, team

-- name: charter
SELECT body, version FROM charters
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND :in_force()

-- name: charters_of
SELECT body, version FROM charters
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND :in_force()

-- name: voices
-- Who acknowledged which version of what, each a fact of its own.
SELECT item, number, member, occurred_at FROM drift_expectations
WHERE organisation_id = :organisation_id AND kind = 'acknowledged'
  AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, known_from

-- name: voices_of
SELECT item, number, member, occurred_at FROM drift_expectations
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND kind = 'acknowledged'
  AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, known_from

-- name: voice
SELECT item, number, member, occurred_at FROM drift_expectations
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND kind = 'acknowledged' AND member = :member
  AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, known_from

-- name: serving
-- When each live promise last said that it serves this purpose.
SELECT serving.occurred_at AS said_at FROM (
  SELECT stream_id, occurred_at, affirmed,
    ROW_NUMBER() OVER (PARTITION BY stream_id ORDER BY occurred_at DESC, known_from DESC) AS place
  FROM drift_links
  WHERE organisation_id = :organisation_id AND parent = :charter AND purpose = 1
    AND occurred_at <= :at AND known_from <= :known
) AS serving
JOIN goals ON goals.organisation_id = :organisation_id AND goals.stream_id = serving.stream_id
WHERE serving.place = 1 AND serving.affirmed = 1 AND goals.state IN (:states)
  AND :in_force(goals)
  AND :visible
