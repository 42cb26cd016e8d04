"""The pages for browsers: what this proxy is, what it holds, what it refused lately, and why.

They are made here of small functions, because a template engine would be one more dependency of the data plane for
three pages. What becomes text is escaped by `html.Html`, whoever wrote it.
"""
