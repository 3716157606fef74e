# A function that only the company's network and one group reach.

variables {
  project_id    = "acme-prod"
  ingress       = "ALLOW_INTERNAL_ONLY"
  invokers      = ["group:marketing@example.com"]
  vpc_connector = "projects/acme-prod/locations/us-central1/connectors/office"
  vpc_egress    = "ALL_TRAFFIC"
  secrets       = { SIGNING_KEY = "2", NEXT_KEY = null }
}

run "private" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.this["function"].service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
    error_message = "Calls from the internet are refused."
  }
  assert {
    condition     = toset([for binding in google_cloud_run_v2_service_iam_member.invoker : binding.member]) == toset(["group:marketing@example.com", "serviceAccount:tinycopy-deploy@acme-prod.iam.gserviceaccount.com"])
    error_message = "The group and the pipeline may call, nobody else."
  }
  assert {
    condition     = length(google_monitoring_uptime_check_config.copy) + length(google_monitoring_alert_policy.uptime) == 0
    error_message = "From outside there is nothing to check."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["function"].service_config[0].vpc_connector_egress_settings == "ALL_TRAFFIC"
    error_message = "What the function calls goes through the connector."
  }
  assert {
    condition     = [for secret in google_cloudfunctions2_function.this["function"].service_config[0].secret_environment_variables : "${secret.key}=${secret.secret}:${secret.version}"] == ["SIGNING_KEY=tinycopy-signing-key:2"]
    error_message = "The function gets the secrets that have a version."
  }
  assert {
    condition     = toset(keys(google_secret_manager_secret.function)) == toset(["NEXT_KEY", "SIGNING_KEY"])
    error_message = "A secret without a version is made, to be filled."
  }
}
