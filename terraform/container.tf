# Cloud Run from the container image, in place of the function. Off unless container_image is set.

resource "google_cloud_run_v2_service" "this" {
  for_each = local.container

  name                = var.name
  location            = var.region
  description         = "Writes marketing copy for a brief"
  ingress             = local.run_ingress
  deletion_protection = false

  template {
    service_account                  = google_service_account.run.email
    timeout                          = "${var.timeout_seconds}s"
    max_instance_request_concurrency = var.request_concurrency

    scaling {
      min_instance_count = var.min_instances
      max_instance_count = var.max_instances
    }

    containers {
      image = var.container_image

      resources {
        limits = {
          cpu    = tostring(var.cpu)
          memory = "${var.memory_mib}Mi"
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = local.settings
        content {
          name  = env.key
          value = env.value
        }
      }
      dynamic "env" {
        for_each = local.filled_secrets
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.function[env.key].secret_id
              version = env.value
            }
          }
        }
      }

      startup_probe {
        period_seconds    = 1
        failure_threshold = 30
        http_get {
          path = "/health"
        }
      }
      liveness_probe {
        period_seconds = 30
        http_get {
          path = "/health"
        }
      }
    }

    dynamic "vpc_access" {
      for_each = var.vpc_connector[*]
      content {
        connector = vpc_access.value
        egress    = var.vpc_egress
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_iam_member.run_reads_secret,
    google_storage_bucket_iam_member.run_reads_models,
  ]
}

locals {
  # The same choice in Cloud Run's words.
  run_ingress = {
    ALLOW_ALL               = "INGRESS_TRAFFIC_ALL"
    ALLOW_INTERNAL_ONLY     = "INGRESS_TRAFFIC_INTERNAL_ONLY"
    ALLOW_INTERNAL_AND_GCLB = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  }[local.ingress]
}
