# Log-based metrics, from the fields of the function's log (function/tinycopy/logs.py and who calls
# it). A test matches every filter here with what a running function writes.

locals {
  service_log = join(" AND ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=\"${var.name}\"",
    "resource.labels.location=\"${var.region}\"",
  ])

  # An entry with a message and nothing else is stored as its text. In these filters OR binds more
  # tightly than AND, so what belongs together stands in parentheses.
  log_filters = {
    release_loaded   = "jsonPayload.message=\"release loaded\""
    degraded_start   = "(jsonPayload.message=\"release loaded\" AND jsonPayload.source=\"embedded\")"
    load_failure     = "(jsonPayload.message=~\"release not loaded\" OR textPayload=~\"release not loaded\")"
    uncaught_error   = "jsonPayload.message=\"uncaught error\""
    answer           = "jsonPayload.status:* AND jsonPayload.ms:*"
    generated_answer = "jsonPayload.generation_ms:*"
  }

  log_counters = {
    answers         = { filter = "answer", labels = { status = "status", path = "path", problem = "problem", release = "release" } }
    degraded_starts = { filter = "degraded_start", labels = { release = "release" } }
    load_failures   = { filter = "load_failure", labels = {} }
    uncaught_errors = { filter = "uncaught_error", labels = { error = "error" } }
  }

  log_distributions = {
    answer_ms         = { filter = "answer", field = "ms", unit = "ms", labels = { path = "path" } }
    generation_ms     = { filter = "generated_answer", field = "generation_ms", unit = "ms", labels = { type = "type", release = "release" } }
    completion_tokens = { filter = "generated_answer", field = "completion_tokens", unit = "1", labels = { type = "type" } }
    checks            = { filter = "generated_answer", field = "checks", unit = "1", labels = { type = "type", release = "release" } }
    checks_passed     = { filter = "generated_answer", field = "checks_passed", unit = "1", labels = { type = "type", release = "release" } }
    load_ms           = { filter = "release_loaded", field = "load_ms", unit = "ms", labels = { source = "source" } }
  }
}

resource "google_logging_metric" "counter" {
  for_each = local.log_counters

  name             = "${var.name}/${each.key}"
  filter           = "${local.service_log} AND ${local.log_filters[each.value.filter]}"
  label_extractors = { for label, field in each.value.labels : label => "EXTRACT(jsonPayload.${field})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key = labels.key
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_logging_metric" "distribution" {
  for_each = local.log_distributions

  name             = "${var.name}/${each.key}"
  filter           = "${local.service_log} AND ${local.log_filters[each.value.filter]}"
  value_extractor  = "EXTRACT(jsonPayload.${each.value.field})"
  label_extractors = { for label, field in each.value.labels : label => "EXTRACT(jsonPayload.${field})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = each.value.unit

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key = labels.key
      }
    }
  }
  # From 1 to 2^14, a quarter more with each bucket.
  bucket_options {
    exponential_buckets {
      scale              = 1
      growth_factor      = 1.25
      num_finite_buckets = 44
    }
  }

  depends_on = [google_project_service.this]
}
