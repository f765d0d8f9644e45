-- What only tensions need. `:ids` stands for a slice of ids, `:whose` for whose goals they are.
-- `+` keeps SQLite, which has no statistics, from preferring another index to the key.

-- name: moved
-- Changes and affirmations of these goals since then.
SELECT stream_id, event_id FROM drift_clock
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at >= :since AND occurred_at <= :at
  AND known_from <= :known AND kind IN ('accepted_change', 'affirmation')
ORDER BY known_from

-- name: moves
-- Counters, proposals, what accepted one, and approaches chosen; the goal's team as of the question. CROSS JOIN has SQLite
-- begin with the few events of these types, and not with all events of each goal; nor does an index on teams serve.
SELECT h.event_id, h.type, COALESCE(h.on_behalf_of, h.actor) AS party, g.team, g.owner, g.sponsor,
  CASE WHEN h.type IN (:accepting_types) THEN h.data END AS data
FROM history h CROSS JOIN goals g
WHERE h.organisation_id = :organisation_id AND h.type IN (:types) AND h.occurred_at >= :since AND h.occurred_at <= :at
  AND h.known_from <= :known AND g.organisation_id = h.organisation_id AND g.stream_id = h.stream_id
  AND :in_force(g) AND :whose
ORDER BY h.known_from

-- name: check_ins
-- The check-ins of these goals since then; one that corrects another is none, nor is what was taken back.
SELECT c.event_id FROM support_words c
WHERE c.organisation_id = :organisation_id AND c.stream_id IN (:ids) AND c.kind = 'check_in' AND c.corrects IS NULL
  AND +c.occurred_at >= :since AND +c.occurred_at <= :at AND c.known_from <= :known
  AND NOT EXISTS (
    SELECT 1 FROM support_words t WHERE t.organisation_id = :organisation_id AND t.stream_id = c.stream_id
      AND t.kind = 'taken_back' AND t.corrects = c.event_id AND +t.occurred_at <= :at AND t.known_from <= :known)
ORDER BY c.known_from

-- name: check_in_counts
-- The same, counted.
SELECT COUNT(*) AS n FROM support_words c
WHERE c.organisation_id = :organisation_id AND c.stream_id IN (:ids) AND c.kind = 'check_in' AND c.corrects IS NULL
  AND +c.occurred_at >= :since AND +c.occurred_at <= :at AND c.known_from <= :known
  AND NOT EXISTS (
    SELECT 1 FROM support_words t WHERE t.organisation_id = :organisation_id AND t.stream_id = c.stream_id
      AND t.kind = 'taken_back' AND t.corrects = c.event_id AND +t.occurred_at <= :at AND t.known_from <= :known)

-- name: first_between
-- The earliest business time of what was recorded between two positions of the organisation.
SELECT MIN(occurred_at) AS first FROM history
WHERE organisation_id = :organisation_id AND position > :after AND position <= :upto
