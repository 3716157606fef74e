# The uptime check: it asks for copy every five minutes and fails unless there is some.

locals {
  # From the internet an internal function cannot be reached.
  checked = local.ingress == "ALLOW_INTERNAL_ONLY" ? toset([]) : toset(["copy"])

  # The account by which Cloud Monitoring calls a function that is not public.
  uptime_agents = var.public || length(local.checked) == 0 ? [] : ["serviceAccount:service-${local.project_number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"]

  checked_brief = {
    type     = "product_description"
    product  = "Sunrise Mug"
    features = ["double-walled ceramic", "holds 350 ml"]
  }
}

resource "google_monitoring_uptime_check_config" "copy" {
  for_each = local.checked

  display_name       = "${var.name} writes copy"
  period             = "300s"
  timeout            = "30s"
  selected_regions   = ["USA", "EUROPE", "ASIA_PACIFIC"]
  log_check_failures = true

  http_check {
    path                = "/v1/copy"
    port                = 443
    use_ssl             = true
    validate_ssl        = true
    request_method      = "POST"
    content_type        = "USER_PROVIDED"
    custom_content_type = "application/json"
    body                = base64encode(jsonencode(local.checked_brief))

    accepted_response_status_codes {
      status_value = 200
    }
    dynamic "service_agent_authentication" {
      for_each = local.uptime_agents
      content {
        type = "OIDC_TOKEN"
      }
    }
  }
  content_matchers {
    matcher = "MATCHES_JSON_PATH"
    content = ".*[A-Za-z].*"
    json_path_matcher {
      json_path    = "$.variants[0].text"
      json_matcher = "REGEX_MATCH"
    }
  }
  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project_id
      host       = coalesce(var.domain, trimprefix(local.service_uri, "https://"))
    }
  }

  depends_on = [google_project_service.this]
}
