-- Pulses, as versions. `+valid_to` keeps SQLite, which has no statistics, from preferring the index on valid_to to the key.

-- name: get
SELECT p.body, (
    SELECT MAX(e.version) FROM pulses e
    WHERE e.organisation_id = :organisation_id AND e.stream_id = :stream_id AND e.known_from <= :known
  ) AS stream_version
FROM pulses p
WHERE p.organisation_id = :organisation_id AND p.stream_id = :stream_id
  AND p.valid_from <= :at AND +p.valid_to > :at AND p.known_from <= :known AND p.known_to > :known

-- name: versions
SELECT stream_id, MAX(version) AS version FROM pulses
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: closed
SELECT body FROM pulses
WHERE organisation_id = :organisation_id AND closed_at <= :at AND valid_from <= :at AND +valid_to > :at
  AND known_from <= :known AND known_to > :known
ORDER BY closed_at DESC, stream_id DESC LIMIT :rows
