# Where

variable "project_id" {
  description = "Id of the Google Cloud project that holds everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id: 6 to 30 lower-case letters, digits and hyphens, as `gcloud projects list` shows it."
  }
}

variable "region" {
  description = "Region of the function, the buckets, the builds and, unless told otherwise, the database."
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: a region such as us-central1 or europe-west1, not a zone."
  }
}

variable "name" {
  description = "Name of the function, and the start of every other name."
  type        = string
  default     = "tinycopy"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,18}[a-z0-9]$", var.name))
    error_message = "name: 4 to 20 lower-case letters, digits and hyphens; account ids are made from it."
  }
}

variable "labels" {
  description = "Labels for everything that takes labels, besides `app`."
  type        = map(string)
  default     = {}
}

# Data

variable "kms_key" {
  description = "Customer-managed key for the buckets, `projects/P/locations/REGION/keyRings/R/cryptoKeys/K`. Null: Google's keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key: projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, in the same region as the buckets."
  }
}

variable "keep_replaced_days" {
  description = "Days that a replaced or deleted object of the buckets can be brought back."
  type        = number
  default     = 30

  validation {
    condition     = var.keep_replaced_days >= 7 && var.keep_replaced_days <= 90
    error_message = "keep_replaced_days: from 7 to 90, the range of soft delete."
  }
}

variable "firestore_location" {
  description = "Location of the database, such as `nam5` or `eur3`. Null: the region. It can never be changed."
  type        = string
  default     = null
}

# Continuous deployment

variable "repository" {
  description = "The GitHub repository whose pushes are deployed: owner, name, installation id of the Cloud Build GitHub app, and the secret version with its token, `projects/P/secrets/S/versions/V`. Null: no triggers."
  type = object({
    owner           = string
    name            = string
    installation_id = number
    token           = string
  })
  default = null

  validation {
    condition     = var.repository == null || can(regex("^projects/[^/]+/secrets/[^/]+/versions/[^/]+$", var.repository.token))
    error_message = "repository.token: projects/PROJECT/secrets/SECRET/versions/VERSION. bootstrap/ makes the secret."
  }
}

variable "branch" {
  description = "Pushes to this branch are deployed; pull requests to it are planned."
  type        = string
  default     = "main"
}

variable "state_bucket" {
  description = "The bucket of Terraform's state (bootstrap's output), which the plan of a pull request reads."
  type        = string
  default     = null

  validation {
    condition     = var.repository == null || var.state_bucket != null
    error_message = "state_bucket: needed with repository; `terraform -chdir=bootstrap output state_bucket` shows it."
  }
}

# Watching

variable "alert_emails" {
  description = "Addresses that alerts go to."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", address))])
    error_message = "alert_emails: addresses such as ops@example.com."
  }
}

variable "notification_channels" {
  description = "Further channels for alerts that exist already (pager, chat): `projects/P/notificationChannels/N`."
  type        = set(string)
  default     = []
}

variable "availability_goal" {
  description = "Share of requests, in 30 days, that are answered without a 5xx."
  type        = number
  default     = 0.995

  validation {
    condition     = var.availability_goal >= 0.9 && var.availability_goal <= 0.9999
    error_message = "availability_goal: from 0.9 to 0.9999."
  }
}

variable "latency_goal" {
  description = "Share of requests, in 30 days, that are answered within latency_ms."
  type        = number
  default     = 0.95

  validation {
    condition     = var.latency_goal >= 0.5 && var.latency_goal <= 0.9999
    error_message = "latency_goal: from 0.5 to 0.9999."
  }
}

variable "latency_ms" {
  description = "Milliseconds within which a request should be answered, cold starts included."
  type        = number
  default     = 1500

  validation {
    condition     = var.latency_ms >= 50 && var.latency_ms <= 60000
    error_message = "latency_ms: from 50 to 60000."
  }
}

variable "budget" {
  description = "Monthly budget with alerts at 50, 90 and 100 % and when 100 % is forecast: billing account, amount and currency."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string, "USD")
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account: three groups of six hexadecimal digits, as `gcloud billing accounts list` shows it."
  }
  validation {
    condition     = try(var.budget.amount > 0 && floor(var.budget.amount) == var.budget.amount, var.budget == null)
    error_message = "budget.amount: a whole number above 0."
  }
}

# A domain of one's own

variable "domain" {
  description = "Domain for a global load balancer with certificate, rate limit and web application firewall. Null: the function's own URL."
  type        = string
  default     = null

  validation {
    condition     = var.domain == null || can(regex("^([a-z0-9-]+[.])+[a-z]{2,}$", var.domain))
    error_message = "domain: a name such as copy.example.com, without scheme or path."
  }
}

variable "rate_limit" {
  description = "Requests a minute from one address before the load balancer answers 429; only with domain."
  type        = number
  default     = 120

  validation {
    condition     = var.rate_limit >= 10 && var.rate_limit <= 100000
    error_message = "rate_limit: from 10 to 100000 a minute."
  }
}

variable "cdn" {
  description = "Whether Cloud CDN keeps the files of the web page, which the function serves; only with domain."
  type        = bool
  default     = false

  validation {
    condition     = !var.cdn || var.domain != null
    error_message = "cdn: needs domain; Cloud CDN is a part of its load balancer."
  }
}
