"""The seeds of the releases that tests of loading use."""

EMBEDDED, FIRST, SECOND = 0, 1, 2
