# Alerts and where they go. docs/operations.md says of each what to do.

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  display_name = each.value
  type         = "email"
  labels       = { email_address = each.value }
  depends_on   = [google_project_service.this]
}

locals {
  channels = concat([for channel in google_monitoring_notification_channel.email : channel.id], tolist(var.notification_channels))

  # Multiwindow, multi-burn-rate alerts (Google's SRE workbook, chapter 5): how many times faster
  # than it may the budget of 30 days burns, in a long window and, still, in a short one.
  burns = merge([for slo in [google_monitoring_slo.availability, google_monitoring_slo.latency] : {
    "${slo.slo_id}-fast" = { slo = slo, rate = 14.4, long = 3600, short = 300, severity = "CRITICAL", means = "2 % of the budget of 30 days went in an hour" }
    "${slo.slo_id}-slow" = { slo = slo, rate = 6, long = 21600, short = 1800, severity = "WARNING", means = "5 % of the budget of 30 days went in six hours" }
  }]...)

  logged_alerts = {
    degraded = {
      title    = "serves another release than it should"
      severity = "ERROR"
      filter   = "(${local.log_filters.degraded_start} OR ${local.log_filters.load_failure})"
      means    = "The release that the bucket names could not be loaded; the entry says why. The function goes on with the embedded release or the one before. See `tinycopy list`, and roll back or publish again."
    }
    uncaught = {
      title    = "failed with an uncaught error"
      severity = "ERROR"
      filter   = local.log_filters.uncaught_error
      means    = "A request was answered 500. The entry names the error and where it was raised; its request_id finds the request."
    }
  }

  counted_alerts = {
    refused = {
      title  = "turns callers away"
      filter = "${local.count_filter} AND metric.labels.response_code=\"429\""
      align  = "ALIGN_RATE"
      above  = 0.2
      means  = "More than one request in five seconds was answered 429 for ten minutes. Raise max_instances or request_concurrency, or find out who asks so much."
    }
    ceiling = {
      title  = "runs as many instances as it may"
      filter = "metric.type=\"run.googleapis.com/container/instance_count\" AND metric.labels.state=\"active\" AND ${local.run_filter}"
      align  = "ALIGN_MAX"
      above  = var.max_instances - 0.5
      means  = "All of max_instances were busy for ten minutes: callers wait or are refused, and the cost is at its ceiling."
    }
  }
}

resource "google_monitoring_alert_policy" "burn" {
  for_each = local.burns

  display_name          = "${var.name}: ${each.value.slo.display_name}, goal in danger (${each.key})"
  combiner              = "AND"
  severity              = each.value.severity
  notification_channels = local.channels

  dynamic "conditions" {
    for_each = { long = each.value.long, short = each.value.short }
    content {
      display_name = "burns ${each.value.rate} times too fast in ${conditions.value} s"
      condition_threshold {
        filter          = "select_slo_burn_rate(\"${each.value.slo.name}\", \"${conditions.value}s\")"
        comparison      = "COMPARISON_GT"
        threshold_value = each.value.rate
        duration        = "0s"
      }
    }
  }
  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.means}. The dashboard `${var.name}` shows errors and latency by time; if they began with a deployment, roll it back."
  }
  alert_strategy {
    auto_close = "86400s"
  }
}

resource "google_monitoring_alert_policy" "logged" {
  for_each = local.logged_alerts

  display_name          = "${var.name} ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels

  conditions {
    display_name = each.value.title
    condition_matched_log {
      filter = "${local.service_log} AND ${each.value.filter}"
    }
  }
  documentation {
    mime_type = "text/markdown"
    content   = each.value.means
  }
  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "3600s"
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "counted" {
  for_each = local.counted_alerts

  display_name          = "${var.name} ${each.value.title}"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels

  conditions {
    display_name = each.value.title
    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = "600s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = each.value.align
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  documentation {
    mime_type = "text/markdown"
    content   = each.value.means
  }
  alert_strategy {
    auto_close = "86400s"
  }

  depends_on = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "uptime" {
  for_each = local.checked

  display_name          = "${var.name} writes no copy"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "the uptime check fails from two places or more"
    condition_threshold {
      filter          = "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type=\"uptime_url\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.copy[each.key].uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "300s"
      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }
  documentation {
    mime_type = "text/markdown"
    content   = "Asked for copy, the function gave none, or nobody could reach it. Open `/info`, then the log of the uptime check."
  }
  alert_strategy {
    auto_close = "86400s"
  }
}
