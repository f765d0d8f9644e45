-- Subscriptions, as versions. `+valid_to` keeps SQLite, which has no statistics, from preferring the index on valid_to.

-- name: versions
SELECT stream_id, MAX(version) AS version FROM subscriptions
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id
