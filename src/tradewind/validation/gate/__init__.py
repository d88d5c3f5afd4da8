"""May a model trade? Every criterion on its own, all that fail named, and the evidence to ask again."""
