# The function. Terraform makes it and owns its settings; its code is the pipeline's: which source
# it is built from and how traffic is divided among revisions is ignored after the first apply.

locals {
  # One of the two runs: the function, or the container. Both have the same name, account, settings
  # and callers; for_each over these makes one of each and none of the other.
  function  = var.container_image == null ? toset(["function"]) : toset([])
  container = var.container_image == null ? toset([]) : toset(["container"])

  settings = merge(var.settings, {
    MODEL_URI            = join("/", concat(["gs://${google_storage_bucket.models.name}"], [for digest in var.release[*] : "students/${digest}"]))
    GOOGLE_CLOUD_PROJECT = var.project_id
    CONCURRENCY          = tostring(var.cpu)
    # The instance never refuses what Cloud Run sends it, and functions-framework has a thread to
    # spare for /health.
    QUEUE   = tostring(var.request_concurrency - var.cpu)
    THREADS = tostring(var.request_concurrency + 1)
  })
  ingress = coalesce(var.ingress, var.domain == null ? "ALLOW_ALL" : "ALLOW_INTERNAL_AND_GCLB")
  # The first source. try: a plan of what exists already needs no zip.
  source_digest = try(filesha256(var.source_zip), "absent")
  service_name  = one(concat([for f in google_cloudfunctions2_function.this : f.name], [for s in google_cloud_run_v2_service.this : s.name]))
  service_uri   = one(concat([for f in google_cloudfunctions2_function.this : f.service_config[0].uri], [for s in google_cloud_run_v2_service.this : s.uri]))
}

resource "google_storage_bucket_object" "first_source" {
  bucket = google_storage_bucket.source.name
  name   = "source/${local.source_digest}.zip"
  source = var.source_zip

  lifecycle {
    ignore_changes = all
  }
}

# Images of the function, which Cloud Functions builds.
resource "google_artifact_registry_repository" "images" {
  location      = var.region
  repository_id = var.name
  format        = "DOCKER"
  description   = "Images of ${var.name}"

  # Rolling back to a revision needs its image.
  cleanup_policies {
    id     = "keep the newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 20
    }
  }
  cleanup_policies {
    id     = "delete after a quarter"
    action = "DELETE"
    condition {
      older_than = "7776000s"
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_cloudfunctions2_function" "this" {
  for_each = local.function

  name        = var.name
  location    = var.region
  description = "Writes marketing copy for a brief"

  build_config {
    runtime           = "python313"
    entry_point       = "tinycopy"
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.images.id

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.first_source.name
      }
    }
  }

  service_config {
    available_cpu                    = tostring(var.cpu)
    available_memory                 = "${var.memory_mib}Mi"
    max_instance_request_concurrency = var.request_concurrency
    min_instance_count               = var.min_instances
    max_instance_count               = var.max_instances
    timeout_seconds                  = var.timeout_seconds
    ingress_settings                 = local.ingress
    all_traffic_on_latest_revision   = true
    service_account_email            = google_service_account.run.email
    environment_variables            = local.settings
    vpc_connector                    = var.vpc_connector
    vpc_connector_egress_settings    = var.vpc_connector == null ? null : var.vpc_egress

    dynamic "secret_environment_variables" {
      for_each = local.filled_secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = google_secret_manager_secret.function[secret_environment_variables.key].secret_id
        version    = secret_environment_variables.value
      }
    }
  }

  lifecycle {
    ignore_changes = [
      build_config[0].source,
      service_config[0].all_traffic_on_latest_revision,
    ]
  }
  # Without its roles an account can neither build nor start anything.
  depends_on = [
    google_artifact_registry_repository_iam_member.build_writes_images,
    google_project_iam_member.build_reads_copied_source,
    google_project_iam_member.writes_logs,
    google_secret_manager_secret_iam_member.run_reads_secret,
    google_storage_bucket_iam_member.build_reads_source,
    google_storage_bucket_iam_member.run_reads_models,
  ]
}

# Bindings lie on the Cloud Run service below the function. A function that is made anew gets a new
# service, without them; so they are made anew with it.
resource "terraform_data" "service" {
  triggers_replace = one(concat([for f in google_cloudfunctions2_function.this : f.id], [for s in google_cloud_run_v2_service.this : s.id]))
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = merge(
    var.public ? { everybody = "allUsers" } : {},
    { for member in var.invokers : member => member },
    { deploy = google_service_account.deploy.member },
    { for agent in local.uptime_agents : "uptime" => agent },
  )

  location = var.region
  name     = local.service_name
  role     = "roles/run.invoker"
  member   = each.value

  lifecycle {
    replace_triggered_by = [terraform_data.service]
  }
}
