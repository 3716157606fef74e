# The function

variable "source_zip" {
  description = "The zip that the function is first made from (`tinycopy deploy zip` writes it). Later code is deployed by the pipeline, and this is then ignored."
  type        = string
  default     = "../build/function.zip"
}

variable "container_image" {
  description = "Run this image on Cloud Run instead of the function: a name with its digest, `...@sha256:...`. Terraform then deploys it, and there is no push trigger."
  type        = string
  default     = null

  validation {
    condition     = var.container_image == null || can(regex("@sha256:[0-9a-f]{64}$", var.container_image))
    error_message = "container_image: pin the image by digest, HOST/PROJECT/REPOSITORY/IMAGE@sha256:..., so that one plan means one image."
  }
}

variable "cpu" {
  description = "vCPUs of an instance. Each generates one copy at a time."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 4, 8], var.cpu)
    error_message = "cpu: 1, 2, 4 or 8."
  }
}

variable "memory_mib" {
  description = "Memory of an instance in MiB. /tmp lies in it."
  type        = number
  default     = 512

  validation {
    condition     = var.memory_mib >= 512 * var.cpu && var.memory_mib <= 32768 && floor(var.memory_mib) == var.memory_mib
    error_message = "memory_mib: a whole number from 512 for each vCPU, which holds a copy of the student, to 32768."
  }
}

variable "request_concurrency" {
  description = "Requests that an instance takes at once: one for each vCPU generates, the others wait. More means fewer instances and longer waits."
  type        = number
  default     = 4

  validation {
    condition     = var.request_concurrency >= var.cpu && var.request_concurrency <= 64 && floor(var.request_concurrency) == var.request_concurrency
    error_message = "request_concurrency: a whole number from cpu to 64."
  }
}

variable "min_instances" {
  description = "Instances kept warm. 0 costs nothing while nobody asks; 1 spares the first caller the cold start."
  type        = number
  default     = 0

  validation {
    condition     = var.min_instances >= 0 && floor(var.min_instances) == var.min_instances
    error_message = "min_instances: 0 or more."
  }
}

variable "max_instances" {
  description = "Most instances at once: the ceiling of what a flood of requests can cost."
  type        = number
  default     = 10

  validation {
    condition     = var.max_instances >= max(1, var.min_instances) && var.max_instances <= 1000
    error_message = "max_instances: at least 1, at least min_instances, at most 1000."
  }
}

variable "timeout_seconds" {
  description = "Longest time for one request. Above LOAD_WAIT_SECONDS + QUEUE_SECONDS, or callers lose answers that are under way."
  type        = number
  default     = 60

  validation {
    condition     = var.timeout_seconds > 50 && var.timeout_seconds <= 3600
    error_message = "timeout_seconds: from 51 (30 s for loading and 20 s in the queue) to 3600."
  }
}

variable "settings" {
  description = "Further settings of the function by environment variable (docs/settings.md). What follows from other variables here is not set twice."
  type        = map(string)
  default     = {}

  validation {
    condition = length(setsubtract(keys(var.settings), [
      "MODEL_REFRESH_SECONDS", "DOWNLOAD_SECONDS", "LOAD_WAIT_SECONDS", "QUEUE_SECONDS", "CANDIDATES",
      "TEMPERATURE", "TOP_K", "TOP_P", "REPETITION_PENALTY", "MAX_BODY_BYTES", "REQUEST_SECONDS", "CORS_ORIGINS",
      "LOG_PROMPTS",
    ])) == 0
    error_message = "settings: docs/settings.md lists them. MODEL_URI comes from release, CONCURRENCY, QUEUE and THREADS from cpu and request_concurrency, GOOGLE_CLOUD_PROJECT from project_id."
  }
}

variable "release" {
  description = "Digest of the release to pin. Null follows the bucket's pointer, which `tinycopy promote` and `tinycopy rollback` move."
  type        = string
  default     = null

  validation {
    condition     = var.release == null || can(regex("^[0-9a-f]{64}$", var.release))
    error_message = "release: the full digest, 64 hexadecimal digits, as `tinycopy list --json` shows it."
  }
}

variable "secrets" {
  description = "Secrets of the function: environment variable = version. Null makes the secret and leaves it empty; put a value in, then name its version."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.secrets) : can(regex("^[A-Z][A-Z0-9_]{0,62}$", key))])
    error_message = "secrets: names of environment variables, such as SIGNING_KEY."
  }
  validation {
    condition     = alltrue([for version in values(var.secrets) : version == null || can(regex("^[1-9][0-9]*$", version))])
    error_message = "secrets: the number of a version, such as \"1\". With `latest`, instances of one revision could hold different values."
  }
}

# Who may call

variable "public" {
  description = "Whether anybody may call without credentials."
  type        = bool
  default     = false
}

variable "invokers" {
  description = "Who may call with an identity token, such as `group:marketing@example.com`."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.invokers : can(regex("^(user|group|serviceAccount|domain):[^:]+$", member))])
    error_message = "invokers: user:, group:, serviceAccount: or domain: and a name. For everybody set public = true."
  }
}

variable "ingress" {
  description = "Where calls may come from: `ALLOW_ALL`, `ALLOW_INTERNAL_ONLY` or `ALLOW_INTERNAL_AND_GCLB`. Null: anywhere, or with a domain through its load balancer alone."
  type        = string
  default     = null

  validation {
    condition     = var.ingress == null || contains(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"], coalesce(var.ingress, "ALLOW_ALL"))
    error_message = "ingress: ALLOW_ALL, ALLOW_INTERNAL_ONLY or ALLOW_INTERNAL_AND_GCLB."
  }
  validation {
    condition     = var.domain == null || coalesce(var.ingress, "ALLOW_INTERNAL_AND_GCLB") != "ALLOW_INTERNAL_ONLY"
    error_message = "ingress: ALLOW_INTERNAL_ONLY would shut out the load balancer of domain."
  }
}

variable "vpc_connector" {
  description = "Serverless VPC Access connector for what the function calls, `projects/P/locations/REGION/connectors/NAME`."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_connector == null || can(regex("^projects/[^/]+/locations/[^/]+/connectors/[^/]+$", var.vpc_connector))
    error_message = "vpc_connector: projects/PROJECT/locations/REGION/connectors/NAME."
  }
}

variable "vpc_egress" {
  description = "What goes through the connector: `PRIVATE_RANGES_ONLY` or `ALL_TRAFFIC`."
  type        = string
  default     = "PRIVATE_RANGES_ONLY"

  validation {
    condition     = contains(["PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"], var.vpc_egress)
    error_message = "vpc_egress: PRIVATE_RANGES_ONLY or ALL_TRAFFIC."
  }
}
