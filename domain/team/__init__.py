"""Teams: their members and their lead."""
