"""The forms in which documents come: a module each, which turns an opened file into items."""
