# Buckets of models and sources.
#
# A live object is never deleted by a rule here: rules name only versions that are no longer live
# (with_state = ARCHIVED), and what students/current.json names is live. Old releases are deleted
# by `tinycopy prune`, which knows the pointer.

resource "google_storage_bucket" "models" {
  name                        = "${var.project_id}-${var.name}-models"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = var.keep_replaced_days * 86400
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      with_state                 = "ARCHIVED"
      days_since_noncurrent_time = var.keep_replaced_days
    }
  }
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }
  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle {
    # `terraform destroy` stops here, before it deletes anything. README: how to ask for it.
    prevent_destroy = true
  }
  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.storage]
}

resource "google_storage_bucket" "source" {
  name                        = "${var.project_id}-${var.name}-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # Every zip can be built again from its commit.
  force_destroy = true

  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = var.keep_replaced_days * 86400
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      with_state                 = "ARCHIVED"
      days_since_noncurrent_time = var.keep_replaced_days
    }
  }
  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.this, google_kms_crypto_key_iam_member.storage]
}

# Cloud Storage encrypts with the key as its own agent.
resource "google_kms_crypto_key_iam_member" "storage" {
  for_each = toset(var.kms_key[*])

  crypto_key_id = each.value
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${local.project_number}@gs-project-accounts.iam.gserviceaccount.com"
}
