"""Restate and DBOS doing the same work beside Sagaloom: `python -m bench.peers`. All they need is under .peers/."""
