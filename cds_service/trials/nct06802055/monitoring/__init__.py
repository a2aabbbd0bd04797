"""Which tests are due when: the record's schedule, and what an event asks for earlier."""
