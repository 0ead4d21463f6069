"""The flows of the peer, as the Django application that Viewflow wants them to be."""
