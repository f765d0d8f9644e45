-- Recognitions, as versions, and the help and results that they are tied to.

-- name: versions
SELECT stream_id, MAX(version) AS version FROM recognitions
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND known_from <= :known
GROUP BY stream_id

-- name: given
-- What stands of what was given since `:since`.
SELECT kind, giver, member, goal, team, given_event, given_at, event_id FROM recognitions
WHERE organisation_id = :organisation_id AND given_at >= :since AND given_at <= :at
  AND :in_force() AND state = 'given'
ORDER BY given_at, stream_id

-- name: helped
-- Needs answered since `:since` by another member than the one who raised them, who may no longer be the owner.
SELECT a.stream_id, a.event_id, a.check_in, a.party, g.team, r.party AS asker FROM support_needs a
JOIN support_needs r ON r.organisation_id = a.organisation_id AND r.stream_id = a.stream_id
  AND r.event_id = a.check_in AND r.need = a.need AND r.kind = 'raised'
JOIN goals g ON g.organisation_id = a.organisation_id AND g.stream_id = a.stream_id
  AND :in_force(g)
WHERE a.organisation_id = :organisation_id AND a.kind = 'answered' AND a.occurred_at >= :since
  AND a.occurred_at <= :at AND a.known_from <= :known AND a.party <> r.party AND (:whose)
  AND NOT EXISTS (
    SELECT 1 FROM support_words t WHERE t.organisation_id = :organisation_id AND t.stream_id = a.stream_id
      AND t.kind = 'taken_back' AND t.corrects = a.check_in AND +t.occurred_at <= :at AND t.known_from <= :known)
ORDER BY a.known_from, a.need

-- name: satisfied
-- Goals whose sponsor was satisfied since `:since`, and one recognition that was ever given for each, if there is one.
SELECT h.stream_id, h.event_id, g.team, g.owner, (
    SELECT r.given_event FROM recognitions r
    WHERE r.organisation_id = :organisation_id AND r.goal = h.stream_id AND r.state = 'given'
      AND :in_force(r)
    ORDER BY r.given_at, r.stream_id LIMIT 1
  ) AS recognised
FROM history h
JOIN goals g ON g.organisation_id = h.organisation_id AND g.stream_id = h.stream_id
  AND :in_force(g)
WHERE h.organisation_id = :organisation_id AND h.type IN (:types) AND h.occurred_at >= :since
  AND h.occurred_at <= :at AND h.known_from <= :known AND (:whose)
ORDER BY h.known_from
