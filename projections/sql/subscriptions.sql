-- Subscriptions, as versions. `+valid_to` keeps SQLite, which has no statistics, from preferring the index on valid_to.

-- name: subscriptions
SELECT body FROM subscriptions
WHERE organisation_id = :organisation_id AND valid_from <= :at AND +valid_to > :at
  AND known_from <= :known AND known_to > :known AND state <> 'removed'
ORDER BY stream_id

-- name: disabled
SELECT body FROM subscriptions
WHERE organisation_id = :organisation_id AND valid_from <= :at AND +valid_to > :at
  AND known_from <= :known AND known_to > :known AND state = 'disabled'
ORDER BY stream_id

-- name: versions
SELECT stream_id, MAX(version) AS version FROM subscriptions
WHERE organisation_id = :organisation_id AND known_from <= :known
GROUP BY stream_id
