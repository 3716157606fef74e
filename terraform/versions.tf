terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 9.0"
    }
  }

  # The bucket is bootstrap's: terraform init -backend-config=bucket=STATE_BUCKET
  backend "gcs" {
    prefix = "tinycopy"
  }
}

provider "google" {
  project        = var.project_id
  region         = var.region
  default_labels = local.labels

  # Budgets are billed to a project only if it is named.
  billing_project       = var.project_id
  user_project_override = true
}

data "google_project" "this" {
  project_id = var.project_id
}

locals {
  labels         = merge({ app = var.name }, var.labels)
  project_number = data.google_project.this.number
}
