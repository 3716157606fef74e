# What must be there before the root module: the bucket of its state, and the secret that holds the
# token of the GitHub connection. Apply this once, by hand. Its own state is a file; it can be
# written anew with `terraform import`.

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 9.0"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
}

resource "google_project_service" "this" {
  for_each = toset([
    "cloudresourcemanager.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ])

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

resource "google_storage_bucket" "state" {
  name                        = "${var.project_id}-${var.name}-state"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = 30 * 86400
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      with_state         = "ARCHIVED"
      num_newer_versions = 50
    }
  }

  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_project_service.this]
}

# Its value is put in by hand, so that no state holds it.
resource "google_secret_manager_secret" "github_token" {
  secret_id = "${var.name}-github-token"

  replication {
    auto {}
  }
  depends_on = [google_project_service.this]
}
