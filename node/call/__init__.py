"""A call: one participant, put together, and who else is in the room."""
