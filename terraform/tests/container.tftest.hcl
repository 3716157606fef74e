# The container in place of the function.

variables {
  project_id      = "acme-prod"
  public          = true
  container_image = "us-central1-docker.pkg.dev/acme-prod/tinycopy/tinycopy@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
  secrets         = { SIGNING_KEY = "1" }
  state_bucket    = "acme-prod-tinycopy-state"
  repository = {
    owner           = "acme"
    name            = "tinycopy"
    installation_id = 12345678
    token           = "projects/acme-prod/secrets/tinycopy-github-token/versions/1"
  }
}

run "container" {
  command = plan

  assert {
    condition     = length(google_cloudfunctions2_function.this) == 0
    error_message = "The container runs, so the function must not."
  }
  assert {
    condition     = google_cloud_run_v2_service.this["container"].template[0].service_account == google_service_account.run.email
    error_message = "It runs as the function would."
  }
  assert {
    condition     = { for env in google_cloud_run_v2_service.this["container"].template[0].containers[0].env : env.name => env.value if length(env.value_source) == 0 } == local.settings
    error_message = "It has the function's settings."
  }
  assert {
    condition     = contains([for env in google_cloud_run_v2_service.this["container"].template[0].containers[0].env : env.name], "SIGNING_KEY")
    error_message = "It has the function's secrets."
  }
  assert {
    condition     = google_cloud_run_v2_service.this["container"].ingress == "INGRESS_TRAFFIC_ALL"
    error_message = "It takes calls from where the function would."
  }
  assert {
    condition     = length(google_cloudbuild_trigger.push) == 0 && length(google_cloudbuild_trigger.plan) == 1
    error_message = "Terraform deploys the container: a push does not, a pull request is planned."
  }
}
