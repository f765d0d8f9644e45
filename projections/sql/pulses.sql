-- Pulses, as versions.

-- name: get
SELECT p.body, (
    SELECT MAX(e.version) FROM pulses e
    WHERE e.organisation_id = :organisation_id AND e.stream_id = :stream_id AND e.known_from <= :known
  ) AS stream_version
FROM pulses p
WHERE p.organisation_id = :organisation_id AND p.stream_id = :stream_id
  AND :in_force(p)

-- name: versions
SELECT stream_id, MAX(version) AS version FROM pulses
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: closed
SELECT body FROM pulses
WHERE organisation_id = :organisation_id AND closed_at <= :at AND :in_force()
ORDER BY closed_at DESC, stream_id DESC LIMIT :rows
