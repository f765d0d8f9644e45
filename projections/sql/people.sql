-- Members, teams, organisations. Each question names its organisation, its business time and its belief.

-- name: members
SELECT body FROM :all_in_force(members) AS members
WHERE present = 1
ORDER BY stream_id

-- name: members_of_team
SELECT body FROM :all_in_force(members) AS members
WHERE present = 1 AND teams LIKE :team
ORDER BY stream_id

-- name: member
SELECT body FROM members
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND :in_force()

-- name: members_by_id
SELECT stream_id, body FROM members
WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND :in_force()

-- name: teams
SELECT body FROM :all_in_force(teams) AS teams
ORDER BY stream_id

-- name: team
SELECT body FROM teams
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND :in_force()

-- name: teams_and_leads
-- Each team (or one), and when the member who was appointed its lead last left.
SELECT stream_id, body, lead_since, (
  SELECT last_left FROM members
  WHERE organisation_id = :organisation_id AND stream_id = teams.lead AND :in_force()
) AS lead_last_left
FROM :all_in_force(teams) AS teams
WHERE :wanted
ORDER BY stream_id

-- name: teams_of_lead
SELECT body FROM teams
WHERE organisation_id = :organisation_id AND lead = :lead AND :in_force()

-- name: teams_without_lead
-- Those whose lead has left since.
SELECT stream_id FROM :all_in_force(teams) AS teams
WHERE EXISTS (
  SELECT 1 FROM members m
  WHERE m.organisation_id = :organisation_id AND m.stream_id = teams.lead AND :in_force(m)
    AND m.last_left >= teams.lead_since)
ORDER BY stream_id

-- name: teams_led
SELECT stream_id FROM teams
WHERE organisation_id = :organisation_id AND lead = :lead AND lead_since > :last_left AND archived_at IS NULL
  AND +valid_to = 9223372036854775807 AND +known_to = 9223372036854775807

-- name: teams_mark
SELECT MAX(known_from) AS newest FROM teams WHERE organisation_id = :organisation_id

-- name: organisation
SELECT body FROM organisations
WHERE organisation_id = :organisation_id AND stream_id = :organisation_id AND :in_force()

-- name: organisations_called
SELECT organisation_id FROM organisations
WHERE name = :name AND valid_to = 9223372036854775807 AND known_to = 9223372036854775807
ORDER BY organisation_id
LIMIT 2

-- name: organisations
-- Each by its name of today: one version of each holds now, however many were believed or held before.
SELECT organisation_id, name FROM organisations
WHERE valid_to = 9223372036854775807 AND known_to = 9223372036854775807
ORDER BY name, organisation_id
LIMIT :rows

-- name: names
-- Of each stream the version at the time, or its first one where it began later. `+`: by their ids; SQLite would otherwise
-- walk everybody who is still there.
SELECT kind, id, name FROM (
  SELECT kind, id, name, ROW_NUMBER() OVER (PARTITION BY id ORDER BY valid_from, version) AS place FROM (
  SELECT 'member' AS kind, stream_id AS id, COALESCE(NULLIF(name, ''), ref) AS name, valid_from, version FROM members
  WHERE organisation_id = :organisation_id AND stream_id IN (:ids) AND COALESCE(NULLIF(name, ''), ref) IS NOT NULL
    AND :unended()
  UNION ALL
  SELECT 'team' AS kind, stream_id AS id, name, valid_from, version FROM teams
  WHERE organisation_id = :organisation_id AND stream_id IN (:ids)
    AND :unended()
  UNION ALL
  SELECT 'goal' AS kind, stream_id AS id, title AS name, valid_from, version FROM goals
  WHERE organisation_id = :organisation_id AND stream_id IN (:ids)
    AND :unended()
  UNION ALL
  SELECT 'charter' AS kind, stream_id AS id, purpose AS name, valid_from, version FROM charters
  WHERE organisation_id = :organisation_id AND stream_id IN (:ids)
    AND :unended()
  UNION ALL
  SELECT 'cycle' AS kind, stream_id AS id, name, valid_from, version FROM cycles
  WHERE organisation_id = :organisation_id AND stream_id IN (:ids)
    AND :unended()
  UNION ALL
  SELECT 'experiment' AS kind, stream_id AS id, hypothesis AS name, valid_from, version FROM experiments
  WHERE organisation_id = :organisation_id AND stream_id IN (:ids)
    AND :unended()
  UNION ALL
  SELECT 'decision' AS kind, stream_id AS id, question AS name, valid_from, version FROM decisions
  WHERE organisation_id = :organisation_id AND stream_id IN (:ids)
    AND :unended()
  ) AS versions
) AS first_versions WHERE place = 1

-- name: memberships
-- Between which times a member was in which teams, as is known now.
SELECT valid_from, valid_to, teams FROM members
WHERE organisation_id = :organisation_id AND stream_id = :stream_id AND present = 1 AND known_to = :still
ORDER BY valid_from
