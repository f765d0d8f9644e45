"""What each published field means, with its unit and an example: one word means one thing wherever it stands.

An entry is keyed by the field's name, or, where a word is narrower in one place, by `Class.field` (an event by its tag
without the version: `goal.expired.silent`). A description in the Struct itself goes before both.
"""
