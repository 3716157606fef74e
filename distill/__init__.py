"""teacher -> labels -> student -> CTranslate2 int8 -> release in Cloud Storage."""
