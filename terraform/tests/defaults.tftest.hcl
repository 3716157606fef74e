# With nothing but a project: a function that only its own pipeline may call.

variables {
  project_id = "acme-prod"
}

run "defaults" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.this["function"].build_config[0].runtime == "python313" && google_cloudfunctions2_function.this["function"].build_config[0].entry_point == "tinycopy"
    error_message = "The function runs tinycopy on python313."
  }
  assert {
    condition     = length(google_cloud_run_v2_service.this) == 0
    error_message = "The function runs, so the container must not."
  }
  assert {
    condition     = toset(keys(google_cloud_run_v2_service_iam_member.invoker)) == toset(["deploy", "uptime"])
    error_message = "Only the pipeline and the uptime check may call a function that is not public."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["function"].service_config[0].environment_variables["MODEL_URI"] == "gs://acme-prod-tinycopy-models"
    error_message = "The function follows the pointer of the model bucket."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["function"].service_config[0].max_instance_count == 10
    error_message = "A ceiling limits the cost."
  }
  assert {
    condition     = length(google_cloudbuild_trigger.push) + length(google_cloudbuild_trigger.plan) == 0
    error_message = "Without a repository there is nothing to trigger."
  }
  assert {
    condition     = length(google_compute_security_policy.this) + length(google_compute_backend_service.api) + length(google_billing_budget.this) == 0
    error_message = "What is optional is off."
  }
  assert {
    condition     = length(google_monitoring_uptime_check_config.copy["copy"].http_check[0].service_agent_authentication) == 1
    error_message = "The uptime check of a function that is not public carries a token."
  }
}

run "another_name" {
  command = plan

  variables {
    name   = "copydesk"
    region = "europe-west1"
  }

  assert {
    condition     = google_storage_bucket.models.name == "acme-prod-copydesk-models" && google_storage_bucket.models.location == "europe-west1"
    error_message = "Names start with the name, and data stays in the region."
  }
  assert {
    condition     = google_service_account.run.email == "copydesk-run@acme-prod.iam.gserviceaccount.com"
    error_message = "Accounts are called after the name."
  }
  assert {
    condition     = google_firestore_database.this.location_id == "europe-west1"
    error_message = "The database lies in the region."
  }
}

run "pinned_release" {
  command = plan

  variables {
    release = "3037d63cd86d9504bb1911879f01450c1fdf685683512b46f10d418cc9229a05"
  }

  assert {
    condition     = google_cloudfunctions2_function.this["function"].service_config[0].environment_variables["MODEL_URI"] == "gs://acme-prod-tinycopy-models/students/3037d63cd86d9504bb1911879f01450c1fdf685683512b46f10d418cc9229a05"
    error_message = "A pinned release is named in MODEL_URI."
  }
}
