# A web page beside the API: a bucket behind Cloud CDN. Off unless page is set. Cloud CDN reads it
# as anybody does, so this one bucket is public; nothing else may be put in it.

resource "google_storage_bucket" "page" {
  for_each = local.paged

  name                        = "${var.project_id}-${var.name}-page"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "inherited"
  # The page can be built again.
  force_destroy = true

  versioning {
    enabled = true
  }
  website {
    main_page_suffix = "index.html"
    not_found_page   = "404.html"
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      with_state                 = "ARCHIVED"
      days_since_noncurrent_time = var.keep_replaced_days
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_storage_bucket_iam_member" "page_is_public" {
  for_each = local.paged

  bucket = google_storage_bucket.page[each.key].name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}

resource "google_compute_backend_bucket" "page" {
  for_each = local.paged

  name             = "${var.name}-page"
  bucket_name      = google_storage_bucket.page[each.key].name
  enable_cdn       = true
  compression_mode = "AUTOMATIC"

  cdn_policy {
    cache_mode        = "CACHE_ALL_STATIC"
    default_ttl       = 3600
    client_ttl        = 3600
    max_ttl           = 86400
    negative_caching  = true
    serve_while_stale = 86400
  }

  depends_on = [google_project_service.this]
}
