"""``python -m minifit.monitor``: a page with live curves of what `RemoteMonitor` posts.

The server is where `RemoteMonitor` posts by default, http://localhost:9000, and listens on this machine alone. What is
posted is kept in memory and in a file (`posts`); the page, `page.html`, asks for what is new every second (`server`).
"""
