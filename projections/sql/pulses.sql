-- Pulses, as versions.

-- name: versions
SELECT stream_id, MAX(version) AS version FROM pulses
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: closed
SELECT body FROM pulses
WHERE organisation_id = :organisation_id AND closed_at <= :at AND :in_force()
ORDER BY closed_at DESC, stream_id DESC LIMIT :rows
