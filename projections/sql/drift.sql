-- The facts behind drift, as one lens shows them. `:scope` stands for the statement of that name below.

-- name: team
stream_id IN (SELECT stream_id FROM goals WHERE organisation_id = :organisation_id AND team = :team)

-- name: member
stream_id IN (SELECT stream_id FROM goals WHERE organisation_id = :organisation_id AND owner = :member)

-- name: judged
SELECT stream_id, event_id, occurred_at FROM (
  SELECT stream_id, event_id, occurred_at,
    ROW_NUMBER() OVER (PARTITION BY stream_id ORDER BY occurred_at DESC, known_from DESC) AS place
  FROM drift_clock
  WHERE organisation_id = :organisation_id AND occurred_at <= :at AND known_from <= :known AND kind <> 'resume' AND :scope
) AS latest
WHERE place = 1

-- name: pauses
SELECT stream_id, occurred_at, kind, paused_from, resume_on FROM drift_clock
WHERE organisation_id = :organisation_id AND occurred_at <= :at AND known_from <= :known
  AND (kind = 'resume' OR paused_from IS NOT NULL) AND :scope
ORDER BY occurred_at, known_from

-- name: moves
SELECT stream_id, event_id, proposal_id, field, moved, negotiated FROM drift_moves
WHERE organisation_id = :organisation_id AND occurred_at <= :at AND known_from <= :known AND :scope
ORDER BY known_from, field

-- name: links
SELECT stream_id, event_id, parent, occurred_at FROM (
  SELECT stream_id, event_id, parent, occurred_at, affirmed,
    ROW_NUMBER() OVER (PARTITION BY stream_id, parent ORDER BY occurred_at DESC, known_from DESC) AS place
  FROM drift_links
  WHERE organisation_id = :organisation_id AND occurred_at <= :at AND known_from <= :known AND :scope
) AS latest
WHERE place = 1 AND affirmed = 1
ORDER BY stream_id, parent

-- name: material
SELECT stream_id, event_id, occurred_at, what FROM drift_material
WHERE organisation_id = :organisation_id AND occurred_at <= :at AND known_from <= :known
  AND stream_id IN (SELECT parent FROM drift_links WHERE organisation_id = :organisation_id AND :scope)
ORDER BY occurred_at, known_from

-- name: parents
SELECT stream_id, title, owner FROM goals
WHERE organisation_id = :organisation_id AND valid_from <= :at AND valid_to > :at
  AND known_from <= :known AND known_to > :known
  AND stream_id IN (SELECT parent FROM drift_links WHERE organisation_id = :organisation_id AND :scope)

-- name: owners
SELECT body FROM members
WHERE organisation_id = :organisation_id AND valid_from <= :at AND valid_to > :at
  AND known_from <= :known AND known_to > :known
  AND stream_id IN (SELECT owner FROM goals WHERE organisation_id = :organisation_id AND :scope)
