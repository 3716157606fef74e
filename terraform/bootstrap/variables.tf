variable "project_id" {
  description = "Id of the Google Cloud project that holds everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: 6 to 30 lower-case letters, digits and hyphens, as `gcloud projects list` shows it."
  }
}

variable "region" {
  description = "Region of the state bucket."
  type        = string
  default     = "us-central1"
}

variable "name" {
  description = "The same name as in the root module."
  type        = string
  default     = "tinycopy"
}
