"""The Clinical Brief: claims, their checks and the renderers."""
