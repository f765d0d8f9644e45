-- Cycles, as versions, and what was said in them.

-- name: cycles
SELECT stream_id, body FROM :all_in_force(cycles) AS cycles
ORDER BY starts DESC, stream_id

-- name: versions
SELECT stream_id, MAX(version) AS version FROM cycles
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: said
SELECT stream_id, event_id, type, COALESCE(on_behalf_of, actor) AS party, occurred_at, reason, data FROM history
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND occurred_at <= :at AND known_from <= :known
ORDER BY stream_id, version

-- name: goals
SELECT :goal_body(goals) AS body FROM goals
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND :in_force()

-- name: approaches
SELECT stream_id, event_id, COALESCE(on_behalf_of, actor) AS party, occurred_at, data FROM history
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND type = 'goal.approach_chosen.v1'
  AND occurred_at <= :at AND known_from <= :known
ORDER BY stream_id, version

-- name: charters
SELECT stream_id, body FROM charters
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND :in_force()
ORDER BY stream_id
