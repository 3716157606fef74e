"""The documents, and the code that keeps parts of them in step with the rest of the project."""
