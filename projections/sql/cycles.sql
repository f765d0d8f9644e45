-- Cycles, as versions, and what was said in them.
-- `+valid_to` keeps SQLite, which has no statistics, from preferring the index on valid_to to the key.

-- name: cycles
SELECT stream_id, body FROM cycles
WHERE organisation_id = :organisation_id AND valid_from <= :at AND valid_to > :at
  AND known_from <= :known AND known_to > :known
ORDER BY starts DESC, stream_id

-- name: cycle
SELECT c.body, (
    SELECT MAX(e.version) FROM cycles e
    WHERE e.organisation_id = :organisation_id AND e.stream_id = :stream_id AND e.known_from <= :known
  ) AS stream_version
FROM cycles c
WHERE c.organisation_id = :organisation_id AND c.stream_id = :stream_id
  AND c.valid_from <= :at AND +c.valid_to > :at AND c.known_from <= :known AND c.known_to > :known

-- name: versions
SELECT stream_id, MAX(version) AS version FROM cycles
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: said
SELECT stream_id, event_id, type, COALESCE(on_behalf_of, actor) AS party, occurred_at, reason, data FROM history
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
ORDER BY stream_id, version

-- name: goals
SELECT :body(goals) AS body FROM goals
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND valid_from <= :at AND +valid_to > :at
  AND known_from <= :known AND known_to > :known

-- name: approaches
SELECT stream_id, event_id, COALESCE(on_behalf_of, actor) AS party, occurred_at, data FROM history
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND type = 'goal.approach_chosen.v1'
  AND occurred_at <= :at AND known_from <= :known
ORDER BY stream_id, version

-- name: charters
SELECT stream_id, body FROM charters
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND valid_from <= :at AND +valid_to > :at
  AND known_from <= :known AND known_to > :known
ORDER BY stream_id
