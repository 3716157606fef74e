output "state_bucket" {
  description = "For `terraform init -backend-config=bucket=...` and the variable `state_bucket`."
  value       = google_storage_bucket.state.name
}

output "github_token_secret" {
  description = "Put the token in with `gcloud secrets versions add`; the variable `repository.token` names that version."
  value       = google_secret_manager_secret.github_token.id
}
