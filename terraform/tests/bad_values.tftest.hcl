# Values that no plan may accept; each variable that is listed must be refused.

variables {
  project_id = "acme-prod"
}

run "wrong_by_themselves" {
  command = plan

  variables {
    project_id         = "Acme"
    region             = "us-central1-a"
    name               = "Tiny_Copy"
    container_image    = "gcr.io/acme/tinycopy:latest"
    cpu                = 3
    min_instances      = -1
    timeout_seconds    = 20
    settings           = { MODEL_URL = "gs://elsewhere" }
    release            = "3037d63c"
    secrets            = { SIGNING_KEY = "latest" }
    invokers           = ["allUsers"]
    vpc_connector      = "office"
    vpc_egress         = "ALL"
    kms_key            = "models"
    keep_replaced_days = 1
    alert_emails       = ["ops"]
    availability_goal  = 99.5
    latency_goal       = 95
    latency_ms         = 1
    budget             = { billing_account = "acme", amount = 20 }
    domain             = "https://copy.example.com/"
    rate_limit         = 1
    repository = {
      owner           = "acme"
      name            = "tinycopy"
      installation_id = 1
      token           = "ghp_0123456789"
    }
  }

  expect_failures = [
    var.project_id,
    var.region,
    var.name,
    var.container_image,
    var.cpu,
    var.min_instances,
    var.timeout_seconds,
    var.settings,
    var.release,
    var.secrets,
    var.invokers,
    var.vpc_connector,
    var.vpc_egress,
    var.kms_key,
    var.keep_replaced_days,
    var.alert_emails,
    var.availability_goal,
    var.latency_goal,
    var.latency_ms,
    var.budget,
    var.domain,
    var.rate_limit,
    var.repository,
  ]
}

run "wrong_together" {
  command = plan

  variables {
    repository = {
      owner           = "acme"
      name            = "tinycopy"
      installation_id = 1
      token           = "projects/acme-prod/secrets/token/versions/1"
    }
    cpu                 = 8
    memory_mib          = 2048
    request_concurrency = 4
    min_instances       = 3
    max_instances       = 2
    ingress             = "ALL"
    cdn                 = true
    budget              = { billing_account = "012345-6789AB-CDEF01", amount = 0 }
  }

  expect_failures = [
    var.state_bucket,
    var.memory_mib,
    var.request_concurrency,
    var.max_instances,
    var.ingress,
    var.cdn,
    var.budget,
  ]
}

run "behind_a_load_balancer_from_inside" {
  command = plan

  variables {
    domain  = "copy.example.com"
    ingress = "ALLOW_INTERNAL_ONLY"
  }

  expect_failures = [
    var.ingress,
  ]
}
