"""Sources of examples: records of people's own, the emoji world, and proxy tasks made of others."""
