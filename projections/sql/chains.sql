-- What led to what: how purposes came to be, and single events of single streams.

-- name: purposes
-- `type || ''` keeps SQLite, which has no statistics, from preferring the index on type to the key.
SELECT * FROM history
WHERE organisation_id = :organisation_id AND stream_id = :stream_id
  AND type || '' IN ('charter.purpose_adopted.v1', 'charter.purpose_revised.v1')
  AND occurred_at <= :at AND known_from <= :known
ORDER BY occurred_at, version

-- name: decision
SELECT question, team, state FROM decisions
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND :in_force()
