"""Properties are checked without a stop-watch: how fast a machine is says nothing about a rule."""

from hypothesis import settings

settings.register_profile("onewindow", deadline=None)
settings.load_profile("onewindow")
