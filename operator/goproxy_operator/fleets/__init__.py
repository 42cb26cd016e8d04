"""The commands that look at fleets: `status`, `list`, `events`, `top`.

`seen` gathers what is known of a fleet at one moment. `status_view`, `list_view`, `event_view` and `top_view` make of
it what people read: they are pure, and trust nothing of what others wrote. `reading` takes values out of documents that
may be anything. `watching` shows it again and again.
"""
