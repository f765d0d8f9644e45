-- Subscriptions, as versions.

-- name: versions
SELECT stream_id, MAX(version) AS version FROM subscriptions
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id
