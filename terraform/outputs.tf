output "url" {
  description = "Where the function answers."
  value       = var.domain == null ? local.service_uri : "https://${var.domain}"
}

output "model_bucket" {
  description = "Where `tinycopy publish` puts releases."
  value       = "gs://${google_storage_bucket.models.name}"
}

output "source_bucket" {
  description = "Where `tinycopy deploy upload` puts sources."
  value       = "gs://${google_storage_bucket.source.name}"
}

output "accounts" {
  description = "E-mail addresses of the accounts: run, build, deploy, plan."
  value = {
    run    = google_service_account.run.email
    build  = google_service_account.build.email
    deploy = google_service_account.deploy.email
    plan   = google_service_account.plan.email
  }
}

output "database" {
  description = "Name of the Firestore database."
  value       = google_firestore_database.this.name
}

output "dashboard" {
  description = "The dashboard in the console."
  value       = "https://console.cloud.google.com/monitoring/dashboards/builder/${basename(google_monitoring_dashboard.this.id)}?project=${var.project_id}"
}

output "address" {
  description = "The address that the domain's A record must hold; null without a domain."
  value       = one([for address in google_compute_global_address.this : address.address])
}

output "substitutions" {
  description = "What the triggers tell cloudbuild.yaml and cloudbuild.plan.yaml."
  value = {
    push = local.push_substitutions
    plan = local.plan_substitutions
  }
}
