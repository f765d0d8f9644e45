"""The charter: a team's or the organisation's purpose, non-negotiables, freedoms and rituals."""
