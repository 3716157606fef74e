"""terraform/README.md agrees with the HCL."""

import re

import pytest

from docs import terraform
from docs.generate import Block, read_block
from tests.terraform.runner import HCL

README = (HCL / "README.md").read_text()


@pytest.mark.parametrize("block", terraform.IN_STEP, ids=lambda block: block.name)
def test_a_generated_part_is_in_step_with_the_hcl(block: Block) -> None:
    assert read_block(block.document, block.name) == block.render(), "run: python -m docs.terraform"


def test_the_readme_says_of_every_file_what_is_in_it() -> None:
    listed = set(re.findall(r"^\| `(\S+\.tf)` \|", README, re.MULTILINE))
    assert listed == {path.name for path in HCL.glob("*.tf")}


def test_links_lead_to_files_and_variables_in_the_text_exist() -> None:
    for link in re.findall(r"\]\(([^)#:]+)[)#]", README):
        assert (HCL / link).exists(), link


def test_the_example_sets_variables_that_exist() -> None:
    example = (HCL / "terraform.tfvars.example").read_text()
    named = set(re.findall(r"^(\w+) += ", example, re.MULTILINE))
    assert named
    assert named <= set(re.findall(r"^\| `(\w+)` \|", terraform.variables(), re.MULTILINE))
