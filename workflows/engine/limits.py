"""What one case may take of the machine. Whoever reaches a limit gets an `EngineLimit`, and the step is refused as a whole.

The figures guard against models that never end and data that never stop growing; no real procedure comes near them.
"""

MAX_STEPS = 1000  # tokens that act in one run
MAX_VISITS = 900  # times one element may be passed in one case
MAX_TOKENS = 2000  # open tokens of one case
MAX_STATE = 8 * 1024 * 1024  # bytes before compression
