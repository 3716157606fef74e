# The database of what comes next: accounts, usage and history. Nothing reads it yet, so no account
# has a role on it.

resource "google_firestore_database" "this" {
  name                              = var.name
  location_id                       = coalesce(var.firestore_location, var.region)
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"

  depends_on = [google_project_service.this]
}

resource "google_firestore_backup_schedule" "daily" {
  database  = google_firestore_database.this.name
  retention = "604800s" # 7 days

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  database  = google_firestore_database.this.name
  retention = "8467200s" # 14 weeks, the longest there is

  weekly_recurrence {
    day = "SUNDAY"
  }
}

# One account's entries, the newest first.
resource "google_firestore_index" "newest" {
  for_each = { history = "created_at", usage = "day" }

  database   = google_firestore_database.this.name
  collection = each.key

  fields {
    field_path = "account"
    order      = "ASCENDING"
  }
  fields {
    field_path = each.value
    order      = "DESCENDING"
  }
}

# Documents go when this field's time has come; it needs no index.
resource "google_firestore_field" "expires" {
  for_each = toset(["history", "sessions", "usage"])

  database   = google_firestore_database.this.name
  collection = each.value
  field      = "expires_at"

  ttl_config {}
  index_config {}
}
