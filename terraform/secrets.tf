# Secrets of the function. Terraform makes them and says who may read them; their values are put in
# by hand (gcloud secrets versions add), so that no state or plan ever holds one.

locals {
  filled_secrets = { for key, version in var.secrets : key => version if version != null }
}

resource "google_secret_manager_secret" "function" {
  for_each = var.secrets

  secret_id = "${var.name}-${lower(replace(each.key, "_", "-"))}"

  replication {
    auto {}
  }

  depends_on = [google_project_service.this]
}

resource "google_secret_manager_secret_iam_member" "run_reads_secret" {
  for_each = var.secrets

  secret_id = google_secret_manager_secret.function[each.key].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.run.member
}
