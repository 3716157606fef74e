"""The stand-in and the command that rebuilds its schema."""

import base64
import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.terraform import protobuf, schema
from tests.terraform.runner import HCL, Terraform

TYPESCRIPT = """
export interface StorageBucketConfig extends cdktn.TerraformMetaArguments {
  /**
  * Possible values: ["enforced", "inherited"]
  *
  * Docs at Terraform Registry: {@link https://r#prevention StorageBucket#prevention}
  */
}
export function storageBucketRuleToHclTerraform(struct?: any): any {
    age: {
      value: cdktn.numberToHclTerraform(struct!.age),
      isBlock: false,
      type: "simple",
      storageClassType: "number",
    },
}
export class StorageBucketRuleOutputReference extends cdktn.ComplexObject {
  // age - computed: false, optional: true, required: false
  return this.getNumberAttribute('age');
}
export class StorageBucket extends cdktn.TerraformResource {
  public static readonly tfResourceType = "google_storage_bucket";
  providerVersion: '8.7.0',
  // name - computed: false, optional: false, required: true
  return this.getStringAttribute('name');
  // prevention - computed: true, optional: true, required: false
  return this.getStringAttribute('prevention');
  // rule - computed: false, optional: true, required: false
  private _rule = new StorageBucketRuleList(this, "rule", false);
  synthesizeHclAttributes() {
      name: {
        value: cdktn.stringToHclTerraform(this._name),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      rule: {
        value: cdktn.listMapperHcl(storageBucketRuleToHclTerraform, true)(this._rule),
        isBlock: true,
        type: "list",
        storageClassType: "StorageBucketRuleList",
      },
  }
}
"""
PROVIDER = """
export class GoogleProvider extends cdktn.TerraformProvider {
  public static readonly tfResourceType = "google";
  // project - computed: false, optional: true, required: false
  return this.getStringAttribute('project');
}
"""
BAD_CHOICE = """
resource "google_storage_bucket" "models" {
  name     = "models"
  location = "us-central1"
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 1
    }
  }
}
resource "google_monitoring_alert_policy" "slow" {
  display_name = "slow"
  combiner     = "EITHER"
  conditions {
    display_name = "slow"
  }
}
"""


def wheel(path: Path, modules: dict[str, str]) -> Path:
    """A wheel in the form of cdktn-provider-google that holds these modules."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in modules.items():
            map_ = base64.b64encode(json.dumps({"sourcesContent": [text]}).encode())
            content = b"//# sourceMappingURL=data:application/json;base64," + map_
            entry = tarfile.TarInfo(f"package/lib/{name}/index.js")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cdktn_provider_google/_jsii/provider.jsii.tgz", packed.getvalue())
    return path


def test_a_schema_is_rebuilt_from_a_wheel(tmp_path: Path) -> None:
    made = wheel(tmp_path / "a.whl", {"storage-bucket": TYPESCRIPT, "provider": PROVIDER})
    document = schema.rebuild(made, {"google_storage_bucket"})
    assert document["x_provider_version"] == "8.7.0"
    block = document["provider_schemas"][schema.ADDRESS]["resource_schemas"][
        "google_storage_bucket"
    ]
    assert block["block"] == {
        "attributes": {
            "name": {"type": "string", "required": True},
            "prevention": {
                "type": "string",
                "optional": True,
                "computed": True,
                "description": 'Possible values: ["enforced", "inherited"]',
            },
        },
        "block_types": {
            "rule": {
                "nesting_mode": "list",
                "block": {"attributes": {"age": {"type": "number", "optional": True}}},
            }
        },
    }


def test_a_wheel_that_lacks_a_resource_is_refused_by_its_name(tmp_path: Path) -> None:
    made = wheel(tmp_path / "a.whl", {"storage-bucket": TYPESCRIPT, "provider": PROVIDER})
    with pytest.raises(schema.SchemaError, match="google_cloud_run_v2_service"):
        schema.rebuild(made, {"google_storage_bucket", "google_cloud_run_v2_service"})


def test_the_schema_served_is_that_of_the_types_in_the_hcl() -> None:
    document: dict[str, Any] = json.loads(gzip.decompress(schema.SCHEMA.read_bytes()))
    served = document["provider_schemas"][schema.ADDRESS]
    names = {
        *served["resource_schemas"],
        *(f"data.{name}" for name in served["data_source_schemas"]),
    }
    assert names == schema.used(HCL)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**40])
def test_whole_numbers_and_bytes_survive_the_wire(number: int) -> None:
    message = protobuf.whole(3, number) + protobuf.data(4, b"x" * (number % 1000))
    assert protobuf.fields(message) == {4: b"x" * (number % 1000)}


def test_values_that_the_documentation_does_not_list_are_refused(
    attach: str, tmp_path: Path
) -> None:
    providers = '  required_providers {\n    google = { source = "hashicorp/google" }\n  }\n'
    (tmp_path / "main.tf").write_text(f"terraform {{\n{providers}}}\n{BAD_CHOICE}")
    refused = Terraform(tmp_path, attach).init().run("validate", "-json")
    told = json.loads(refused.stdout)["diagnostics"]
    assert [found["summary"] for found in told if found["severity"] == "error"] == [
        "expected combiner to be one of ['AND', 'OR', 'AND_WITH_MATCHING_RESOURCE'], got EITHER"
    ]
    assert told[0]["address"] == "google_monitoring_alert_policy.slow"
