# A domain of one's own: global load balancer, certificate, rate limit, web application firewall.
# Off unless domain is set. Point the domain at the output `address`; the certificate follows.

locals {
  balanced = toset(var.domain[*])
  cached   = var.cdn ? local.balanced : toset([])
}

resource "google_compute_global_address" "this" {
  for_each = local.balanced

  name       = var.name
  depends_on = [google_project_service.this]
}

resource "google_compute_managed_ssl_certificate" "this" {
  for_each = local.balanced

  # A certificate cannot change its domain, so another domain gets another certificate.
  name = "${var.name}-${substr(sha256(each.value), 0, 8)}"
  managed {
    domains = [each.value]
  }

  lifecycle {
    create_before_destroy = true
  }
  depends_on = [google_project_service.this]
}

resource "google_compute_ssl_policy" "this" {
  for_each = local.balanced

  name            = var.name
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
  depends_on      = [google_project_service.this]
}

resource "google_compute_region_network_endpoint_group" "this" {
  for_each = local.balanced

  name                  = var.name
  region                = var.region
  network_endpoint_type = "SERVERLESS"
  cloud_run {
    service = local.service_name
  }
}

resource "google_compute_security_policy" "this" {
  for_each = local.balanced

  name        = var.name
  description = "Attacks are refused, then callers that ask too much"

  advanced_options_config {
    json_parsing = "STANDARD"
  }

  dynamic "rule" {
    for_each = {
      sqli-v33-stable             = 100
      xss-v33-stable              = 110
      lfi-v33-stable              = 120
      rce-v33-stable              = 130
      protocolattack-v33-stable   = 140
      scannerdetection-v33-stable = 150
    }
    content {
      priority    = rule.value
      action      = "deny(403)"
      description = "OWASP ${rule.key}"
      match {
        expr {
          # Level 1 of 4: briefs are prose, which stricter rules take for attacks.
          expression = "evaluatePreconfiguredWaf('${rule.key}', {'sensitivity': 1})"
        }
      }
    }
  }
  rule {
    priority    = 160
    action      = "deny(403)"
    description = "Log4j and other vulnerabilities of the day"
    match {
      expr {
        expression = "evaluatePreconfiguredExpr('cve-canary')"
      }
    }
  }
  rule {
    priority    = 1000
    action      = "throttle"
    description = "Requests a minute from one address"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = var.rate_limit
        interval_sec = 60
      }
    }
  }
  rule {
    priority    = 2147483647
    action      = "allow"
    description = "The last rule, which every policy has"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_compute_backend_service" "api" {
  for_each = local.balanced

  name                  = "${var.name}-api"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.this[each.key].id

  backend {
    group = google_compute_region_network_endpoint_group.this[each.key].id
  }
  log_config {
    enable = true
    # The function logs every request itself.
    sample_rate = 0.1
  }
}

# The files of the web page carry their content's digest in their path, so Cloud CDN may keep them
# as long as the function says.
resource "google_compute_backend_service" "page" {
  for_each = local.cached

  name                  = "${var.name}-page"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.this[each.key].id
  enable_cdn            = true

  backend {
    group = google_compute_region_network_endpoint_group.this[each.key].id
  }
  cdn_policy {
    cache_mode = "USE_ORIGIN_HEADERS"
    cache_key_policy {
      include_host         = true
      include_protocol     = false
      include_query_string = false
    }
  }
}

resource "google_compute_url_map" "this" {
  for_each = local.balanced

  name            = var.name
  default_service = google_compute_backend_service.api[each.key].id

  dynamic "host_rule" {
    for_each = local.cached
    content {
      hosts        = [host_rule.value]
      path_matcher = "page"
    }
  }
  dynamic "path_matcher" {
    for_each = local.cached
    content {
      name            = "page"
      default_service = google_compute_backend_service.api[path_matcher.value].id
      path_rule {
        paths   = ["/page/*"]
        service = google_compute_backend_service.page[path_matcher.value].id
      }
    }
  }
}

resource "google_compute_target_https_proxy" "this" {
  for_each = local.balanced

  name             = var.name
  url_map          = google_compute_url_map.this[each.key].id
  ssl_certificates = [google_compute_managed_ssl_certificate.this[each.key].id]
  ssl_policy       = google_compute_ssl_policy.this[each.key].id
}

resource "google_compute_global_forwarding_rule" "https" {
  for_each = local.balanced

  name                  = "${var.name}-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this[each.key].id
  port_range            = "443"
  target                = google_compute_target_https_proxy.this[each.key].id
}

# Plain HTTP only leads to HTTPS.

resource "google_compute_url_map" "redirect" {
  for_each = local.balanced

  name = "${var.name}-redirect"
  default_url_redirect {
    https_redirect         = true
    strip_query            = false
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
  }
  depends_on = [google_project_service.this]
}

resource "google_compute_target_http_proxy" "redirect" {
  for_each = local.balanced

  name    = "${var.name}-redirect"
  url_map = google_compute_url_map.redirect[each.key].id
}

resource "google_compute_global_forwarding_rule" "redirect" {
  for_each = local.balanced

  name                  = "${var.name}-redirect"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this[each.key].id
  port_range            = "80"
  target                = google_compute_target_http_proxy.redirect[each.key].id
}
