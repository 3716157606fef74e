"""What the tests of finetune/ and distill/ share."""

from tests.finetune.conftest import own_cache as own_cache
