-- Charters, as versions. `+valid_to` keeps SQLite, which has no statistics, from preferring the index on valid_to to the key.

-- name: charters
SELECT body, version FROM charters
WHERE organisation_id = :organisation_id AND valid_from <= :at AND valid_to > :at
  AND known_from <= :known AND known_to > :known
ORDER BY CASE WHEN team IS NULL THEN 0 ELSE 1 END, team

-- name: charter
SELECT body, version FROM charters
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND valid_from <= :at AND +valid_to > :at
  AND known_from <= :known AND known_to > :known
