-- History. Each question names its organisation, and sees what had happened at :at and was known at :known.
-- `type || ''` keeps SQLite, which has no statistics, from preferring the index on type to the key.

-- name: page
SELECT * FROM history
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND version > :after
  AND occurred_at <= :at AND known_from <= :known
ORDER BY version
LIMIT :rows

-- name: between
SELECT event_id, type, after FROM history
WHERE organisation_id = :organisation_id AND stream_id = :stream_id
  AND occurred_at <= :at AND known_from <= :known AND (occurred_at > :since OR known_from > :knew)
ORDER BY version

-- name: acts
SELECT event_id, data FROM history
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND occurred_at <= :at AND known_from <= :known

-- name: events
-- `:ids` are streams, `:events` some of their events.
SELECT * FROM history
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND event_id IN (:events)
  AND occurred_at <= :at AND known_from <= :known
ORDER BY position

-- name: keys_made
-- The keys that were made since then, name a member and are not revoked, the latest first.
SELECT stream_id, event_id, occurred_at, actor, data FROM history h
WHERE organisation_id = :organisation_id AND type = :made AND occurred_at >= :since AND occurred_at <= :at
  AND known_from <= :known AND data LIKE :member AND NOT EXISTS (
    SELECT 1 FROM history r WHERE r.organisation_id = :organisation_id AND r.stream_id = h.stream_id
      AND r.type = :revoked AND r.occurred_at <= :at AND r.known_from <= :known
  )
ORDER BY occurred_at DESC, stream_id LIMIT :rows
