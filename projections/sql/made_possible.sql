-- What was said of one member, and whom that member has helped.

-- name: credited
-- By the index on types: credits are few, and each names its member in its data.
SELECT event_id, COALESCE(on_behalf_of, actor) AS party, occurred_at, data FROM history
WHERE organisation_id = :organisation_id AND type = 'cycle.contribution_credited.v1' AND occurred_at <= :at
  AND known_from <= :known AND data LIKE :quoted_member
ORDER BY known_from

-- name: helped
SELECT stream_id, event_id, occurred_at FROM support_needs
WHERE organisation_id = :organisation_id AND party = :member AND kind = 'answered' AND occurred_at <= :at
  AND known_from <= :known
ORDER BY known_from
