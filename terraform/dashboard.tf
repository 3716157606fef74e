# The dashboard, in PromQL over the metrics of Cloud Run and those of metrics.tf.

locals {
  run_series = "{monitored_resource=\"cloud_run_revision\",service_name=\"${var.name}\",location=\"${var.region}\"}"
  log_series = "logging_googleapis_com:user_${replace(var.name, "-", "_")}"
  quantiles  = { p50 = 0.5, p95 = 0.95, p99 = 0.99 }

  # Dollars: tier 1, request-based billing.
  second_price  = var.cpu * 0.000024 + var.memory_mib / 1024 * 0.0000025
  request_price = 0.0000004
  month_seconds = 30 * 86400

  requests      = "sum(rate(run_googleapis_com:request_count${local.run_series}[5m]))"
  billed        = "sum(rate(run_googleapis_com:container_billable_instance_time${local.run_series}[5m]))"
  failed        = "sum(rate(run_googleapis_com:request_count${replace(local.run_series, "}", ",response_code_class=\"5xx\"}")}[5m]))"
  answered_rate = "rate(${local.log_series}_answers[5m])"

  # Title, unit, and the lines: legend = query.
  charts = [
    { title = "Requests", unit = "1/s", lines = { "{{response_code_class}}" = "sum by (response_code_class) (rate(run_googleapis_com:request_count${local.run_series}[5m]))" } },
    { title = "Errors, share of requests", unit = "1", lines = { "5xx" = "${local.failed} / ${local.requests}" } },
    { title = "Latency", unit = "ms", lines = { for name, quantile in local.quantiles : name => "histogram_quantile(${quantile}, sum by (le) (rate(run_googleapis_com:request_latencies_bucket${local.run_series}[5m])))" } },
    { title = "Cold starts", unit = "1", lines = { "in 5 minutes" = "sum(increase(run_googleapis_com:container_startup_latencies_count${local.run_series}[5m]))" } },
    { title = "Cold start, time", unit = "ms", lines = { for name, quantile in local.quantiles : name => "histogram_quantile(${quantile}, sum by (le) (rate(run_googleapis_com:container_startup_latencies_bucket${local.run_series}[15m])))" } },
    { title = "Instances", unit = "1", lines = { "{{state}}" = "sum by (state) (run_googleapis_com:container_instance_count${local.run_series})" } },
    { title = "Memory, share of the limit", unit = "1", lines = { p99 = "histogram_quantile(0.99, sum by (le) (rate(run_googleapis_com:container_memory_utilizations_bucket${local.run_series}[5m])))" } },
    { title = "CPU, share of the limit", unit = "1", lines = { p99 = "histogram_quantile(0.99, sum by (le) (rate(run_googleapis_com:container_cpu_utilizations_bucket${local.run_series}[5m])))" } },
    { title = "Generation", unit = "ms", lines = { for name, quantile in local.quantiles : name => "histogram_quantile(${quantile}, sum by (le) (rate(${local.log_series}_generation_ms_bucket[5m])))" } },
    { title = "Release served", unit = "1/s", lines = { "{{release}}" = "sum by (release) (${local.answered_rate})" } },
    { title = "Degraded starts and failed loads", unit = "1", lines = {
      "embedded release served" = "sum(increase(${local.log_series}_degraded_starts[5m]))"
      "release not loaded"      = "sum(increase(${local.log_series}_load_failures[5m]))"
    } },
    { title = "Checks passed, share", unit = "1", lines = { "{{release}}" = "sum by (release) (rate(${local.log_series}_checks_passed_sum[15m])) / sum by (release) (rate(${local.log_series}_checks_sum[15m]))" } },
    { title = "Refused and failed, by problem", unit = "1/s", lines = { "{{status}} {{problem}}" = "sum by (status, problem) (rate(${local.log_series}_answers{status!~\"2..|3..\"}[5m]))" } },
    { title = "Loading a release", unit = "ms", lines = { "{{source}} p95" = "histogram_quantile(0.95, sum by (le, source) (rate(${local.log_series}_load_ms_bucket[15m])))" } },
    { title = "Tokens written", unit = "1/s", lines = { "{{type}}" = "sum by (type) (rate(${local.log_series}_completion_tokens_sum[5m]))" } },
    { title = "Answer in the function", unit = "ms", lines = { "{{path}} p95" = "histogram_quantile(0.95, sum by (le, path) (rate(${local.log_series}_answer_ms_bucket[5m])))" } },
    { title = "Uncaught errors", unit = "1", lines = { "{{error}}" = "sum by (error) (increase(${local.log_series}_uncaught_errors[5m]))" } },
    { title = "Cost estimate, dollars in 30 days at this rate", unit = "1", lines = { "CPU, memory and requests" = "(${local.billed} * ${local.second_price} + ${local.requests} * ${local.request_price}) * ${local.month_seconds}" } },
  ]
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName = var.name
    labels      = { app = var.name }
    mosaicLayout = {
      columns = 12
      tiles = [for place, chart in local.charts : {
        width  = 4
        height = 4
        xPos   = place % 3 * 4
        yPos   = floor(place / 3) * 4
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [for legend, query in chart.lines : {
              plotType       = "LINE"
              legendTemplate = legend
              timeSeriesQuery = {
                prometheusQuery = query
                unitOverride    = chart.unit
              }
            }]
          }
        }
      }]
    }
  })

  depends_on = [google_logging_metric.counter, google_logging_metric.distribution]
}
