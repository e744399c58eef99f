"""A catalogue, and a page that measures what asking it costs."""
