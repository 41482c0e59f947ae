"""The pytest plugin: a contract file becomes pytest.Function items, and evidence travels in their reports."""
