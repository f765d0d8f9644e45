-- What only tensions need. `:ids` stands for a slice of ids, `:whose` for whose goals they are.
-- `+` keeps SQLite, which has no statistics, from preferring another index to the key.

-- name: moved
-- Changes and affirmations of these goals since then.
SELECT stream_id, event_id, occurred_at FROM drift_clock
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

-- name: promises_at_ends
-- The versions that hold at one of several times at least, with the time in which each does, as it is known.
SELECT stream_id, valid_from, CASE WHEN to_position > :known THEN 9223372036854775807 ELSE valid_to END AS valid_to,
  :goal_body(goals) AS body
FROM :all_since(goals) AS goals
WHERE state IN (:states) AND (:whose) AND (:at_any_end)

-- name: asked
-- The needs of these goals, and when each was answered or taken back first; what was answered before all is left out.
SELECT stream_id, addressee, answer_by, occurred_at, answered_at, taken_back_at FROM (
  SELECT n.stream_id, n.addressee, n.answer_by, n.occurred_at, (
    SELECT MIN(a.occurred_at) FROM support_needs a WHERE a.organisation_id = n.organisation_id
      AND a.stream_id = n.stream_id AND a.kind = 'answered' AND a.check_in = n.event_id AND a.need = n.need
      AND +a.occurred_at <= :at AND a.known_from <= :known
  ) AS answered_at, (
    SELECT MIN(t.occurred_at) FROM support_words t WHERE t.organisation_id = n.organisation_id
      AND t.stream_id = n.stream_id AND t.kind = 'taken_back' AND t.corrects = n.event_id AND +t.occurred_at <= :at
      AND t.known_from <= :known
  ) AS taken_back_at
  FROM support_needs n
  WHERE n.organisation_id = :organisation_id AND n.stream_id IN (:ids) AND n.kind = 'raised' AND +n.occurred_at <= :at
    AND n.known_from <= :known
) AS needs
WHERE answered_at IS NULL OR answered_at > :first

-- name: absences
-- What these members had declared at `:first` or later, oldest first; `body` is the whole state.
SELECT stream_id, valid_from, body FROM members
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND valid_from <= :at AND known_from <= :known
  AND +known_to > :known AND (+valid_to > :first OR +to_position > :known)
ORDER BY stream_id, valid_from, version

-- name: first_between
-- The earliest business time of what was recorded between two positions of the organisation.
SELECT MIN(occurred_at) AS first FROM history
WHERE organisation_id = :organisation_id AND position > :after AND position <= :upto
