# Service level objectives over 30 days: share of requests answered, share answered in time.

locals {
  run_filter = join(" AND ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=\"${var.name}\"",
    "resource.labels.location=\"${var.region}\"",
  ])
  count_filter = "metric.type=\"run.googleapis.com/request_count\" AND ${local.run_filter}"
}

resource "google_monitoring_custom_service" "this" {
  service_id   = var.name
  display_name = var.name

  telemetry {
    resource_name = "//run.googleapis.com/projects/${var.project_id}/locations/${var.region}/services/${var.name}"
  }

  depends_on = [google_project_service.this]
}

resource "google_monitoring_slo" "availability" {
  service             = google_monitoring_custom_service.this.service_id
  slo_id              = "availability"
  display_name        = "Answered without a 5xx"
  goal                = var.availability_goal
  rolling_period_days = 30

  request_based_sli {
    good_total_ratio {
      total_service_filter = local.count_filter
      bad_service_filter   = "${local.count_filter} AND metric.labels.response_code_class=\"5xx\""
    }
  }
}

resource "google_monitoring_slo" "latency" {
  service             = google_monitoring_custom_service.this.service_id
  slo_id              = "latency"
  display_name        = "Answered within ${var.latency_ms} ms"
  goal                = var.latency_goal
  rolling_period_days = 30

  request_based_sli {
    distribution_cut {
      distribution_filter = "metric.type=\"run.googleapis.com/request_latencies\" AND ${local.run_filter}"
      range {
        min = 0
        max = var.latency_ms
      }
    }
  }
}
