# Everything on.

variables {
  project_id    = "acme-prod"
  public        = true
  min_instances = 2
  max_instances = 50
  cpu           = 2
  memory_mib    = 1024
  kms_key       = "projects/acme-prod/locations/us-central1/keyRings/tinycopy/cryptoKeys/models"
  state_bucket  = "acme-prod-tinycopy-state"
  repository = {
    owner           = "acme"
    name            = "tinycopy"
    installation_id = 12345678
    token           = "projects/acme-prod/secrets/tinycopy-github-token/versions/1"
  }
  alert_emails = ["ops@example.com", "cto@example.com"]
  budget       = { billing_account = "012345-6789AB-CDEF01", amount = 100, currency = "EUR" }
  domain       = "copy.example.com"
  cdn          = true
}

run "production" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.this["function"].service_config[0].ingress_settings == "ALLOW_INTERNAL_AND_GCLB"
    error_message = "Nobody goes around the load balancer."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["function"].service_config[0].available_memory == "1024Mi" && google_cloudfunctions2_function.this["function"].service_config[0].available_cpu == "2"
    error_message = "CPU and memory are set."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["function"].service_config[0].environment_variables["CONCURRENCY"] == "2"
    error_message = "Each vCPU generates one copy at a time."
  }
  assert {
    condition     = google_storage_bucket.models.encryption[0].default_kms_key_name == var.kms_key
    error_message = "Models are encrypted with the customer's key."
  }
  assert {
    condition     = google_cloudbuild_trigger.push["repository"].repository_event_config[0].push[0].branch == "^main$"
    error_message = "Pushes to main are deployed."
  }
  assert {
    condition     = google_cloudbuild_trigger.plan["repository"].substitutions["_STATE_BUCKET"] == "acme-prod-tinycopy-state"
    error_message = "Pull requests are planned on the state."
  }
  assert {
    condition     = google_billing_budget.this["month"].amount[0].specified_amount[0].units == "100" && google_billing_budget.this["month"].amount[0].specified_amount[0].currency_code == "EUR"
    error_message = "The budget is as it was given."
  }
  assert {
    condition     = one([for rule in google_compute_security_policy.this["copy.example.com"].rule : rule.rate_limit_options[0].rate_limit_threshold[0].count if rule.action == "throttle"]) == 120
    error_message = "The load balancer limits requests of one address."
  }
  assert {
    condition     = max([for rule in google_compute_security_policy.this["copy.example.com"].rule : rule.priority if rule.action == "deny(403)"]...) < one([for rule in google_compute_security_policy.this["copy.example.com"].rule : rule.priority if rule.action == "throttle"])
    error_message = "The firewall looks before the rate limit, which lets through what it has counted."
  }
  assert {
    condition     = google_monitoring_uptime_check_config.copy["copy"].monitored_resource[0].labels["host"] == "copy.example.com"
    error_message = "The uptime check goes the callers' way."
  }
  assert {
    condition     = output.url == "https://copy.example.com"
    error_message = "Callers use the domain."
  }
  assert {
    condition     = google_compute_backend_service.page["copy.example.com"].enable_cdn && !coalesce(google_compute_backend_service.api["copy.example.com"].enable_cdn, false)
    error_message = "The page's files are cached, answers are not."
  }
}
