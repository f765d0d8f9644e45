-- Experiments, as versions.

-- name: versions
SELECT stream_id, MAX(version) AS version FROM experiments
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: of
SELECT body FROM experiments
WHERE organisation_id = :organisation_id AND :in_force() AND :whose
ORDER BY proposed_at, stream_id

-- name: open
-- What waits for a member, or for who leads, for an answer or for a look.
SELECT body FROM experiments
WHERE organisation_id = :organisation_id AND is_open = 1 AND :in_force() AND (owner = :member OR team IN (:teams) :own)
ORDER BY proposed_at, stream_id
