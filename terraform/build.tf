# Cloud Build: the connection to the repository, what a push runs and what a pull request runs.

locals {
  # What cloudbuild.yaml and cloudbuild.plan.yaml are told; a test compares the names.
  push_substitutions = {
    _REGION        = var.region
    _FUNCTION      = var.name
    _SOURCE_BUCKET = google_storage_bucket.source.name
    _MODEL_BUCKET  = google_storage_bucket.models.name
    _RUN_ACCOUNT   = google_service_account.run.email
    _BUILD_ACCOUNT = google_service_account.build.email
  }
  plan_substitutions = {
    _STATE_BUCKET = var.state_bucket
  }

  repository = toset(var.repository == null ? [] : ["repository"])
  # A container is deployed by Terraform, so a push has nothing to deploy.
  push_trigger = var.container_image == null ? local.repository : toset([])
}

# Cloud Build keeps the connection as its own agent, which reads the token.
resource "google_secret_manager_secret_iam_member" "cloud_build_reads_token" {
  for_each = local.repository

  secret_id = regex("^projects/[^/]+/secrets/[^/]+", var.repository.token)
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:service-${local.project_number}@gcp-sa-cloudbuild.iam.gserviceaccount.com"

  depends_on = [google_project_service.this]
}

resource "google_cloudbuildv2_connection" "github" {
  for_each = local.repository

  name     = "${var.name}-github"
  location = var.region

  github_config {
    app_installation_id = var.repository.installation_id
    authorizer_credential {
      oauth_token_secret_version = var.repository.token
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.cloud_build_reads_token]
}

resource "google_cloudbuildv2_repository" "this" {
  for_each = local.repository

  name              = var.repository.name
  location          = var.region
  parent_connection = google_cloudbuildv2_connection.github[each.key].name
  remote_uri        = "https://github.com/${var.repository.owner}/${var.repository.name}.git"
}

resource "google_cloudbuild_trigger" "push" {
  for_each = local.push_trigger

  name            = "${var.name}-push"
  description     = "Test and deploy what is pushed to ${var.branch}"
  location        = var.region
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.deploy.id
  substitutions   = local.push_substitutions

  repository_event_config {
    repository = google_cloudbuildv2_repository.this[each.key].id
    push {
      branch = "^${var.branch}$"
    }
  }
}

resource "google_cloudbuild_trigger" "plan" {
  for_each = local.repository

  name               = "${var.name}-plan"
  description        = "Say what merging a pull request would change"
  location           = var.region
  filename           = "cloudbuild.plan.yaml"
  service_account    = google_service_account.plan.id
  included_files     = ["terraform/**"]
  include_build_logs = "INCLUDE_BUILD_LOGS_WITH_STATUS"
  substitutions      = local.plan_substitutions

  repository_event_config {
    repository = google_cloudbuildv2_repository.this[each.key].id
    pull_request {
      branch          = "^${var.branch}$"
      comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    }
  }
}
