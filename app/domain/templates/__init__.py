"""ARM templates: the language of their expressions, and what a template comes to."""
