# Who does what. Every account has the roles that its work needs, on the thing it works on.
#
#   run     the function's own: reads the model bucket and the function's secrets
#   build   builds the function's image from its source (Cloud Functions hands it to Cloud Build)
#   deploy  runs cloudbuild.yaml on a push: source, revision, traffic, pointer
#   plan    runs cloudbuild.plan.yaml on a pull request: reads the state, changes nothing

resource "google_service_account" "run" {
  account_id   = "${var.name}-run"
  display_name = "${var.name}: the function"
  depends_on   = [google_project_service.this]
}

resource "google_service_account" "build" {
  account_id   = "${var.name}-build"
  display_name = "${var.name}: builds the function"
  depends_on   = [google_project_service.this]
}

resource "google_service_account" "deploy" {
  account_id   = "${var.name}-deploy"
  display_name = "${var.name}: deploys what is pushed"
  depends_on   = [google_project_service.this]
}

resource "google_service_account" "plan" {
  account_id   = "${var.name}-plan"
  display_name = "${var.name}: plans pull requests"
  depends_on   = [google_project_service.this]
}

# Roles on buckets. objectCreator cannot overwrite or delete.

resource "google_storage_bucket_iam_member" "run_reads_models" {
  bucket = google_storage_bucket.models.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.run.member
}

resource "google_storage_bucket_iam_member" "deploy_reads_models" {
  bucket = google_storage_bucket.models.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.deploy.member
}

resource "google_storage_bucket_iam_member" "deploy_adds_models" {
  bucket = google_storage_bucket.models.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.deploy.member
}

resource "google_storage_bucket_iam_member" "deploy_moves_pointer" {
  bucket = google_storage_bucket.models.name
  role   = "roles/storage.objectUser"
  member = google_service_account.deploy.member

  condition {
    title       = "the pointer alone"
    description = "Releases are never overwritten; only the pointer is."
    expression  = "resource.name == \"projects/_/buckets/${google_storage_bucket.models.name}/objects/students/current.json\""
  }
}

resource "google_storage_bucket_iam_member" "deploy_reads_source" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.deploy.member
}

resource "google_storage_bucket_iam_member" "deploy_adds_source" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectCreator"
  member = google_service_account.deploy.member
}

resource "google_storage_bucket_iam_member" "build_reads_source" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

# Cloud Functions copies the source into a bucket of its own, which exists from the first build on;
# so the role is the project's, limited to that bucket.
resource "google_project_iam_member" "build_reads_copied_source" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title      = "the source bucket of Cloud Functions alone"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${local.project_number}-${var.region}/\")"
  }
}

resource "google_artifact_registry_repository_iam_member" "build_writes_images" {
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

# Logs can only be written to the project.
resource "google_project_iam_member" "writes_logs" {
  for_each = {
    build  = google_service_account.build.member
    deploy = google_service_account.deploy.member
    plan   = google_service_account.plan.member
  }

  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = each.value
}

# What deploying a revision takes: the function, its service, their operations (which only the
# project's roles show), and acting as the two accounts that the revision names.

resource "google_cloudfunctions2_function_iam_member" "deploy_updates_function" {
  for_each = local.function

  location       = var.region
  cloud_function = google_cloudfunctions2_function.this[each.key].name
  role           = "roles/cloudfunctions.developer"
  member         = google_service_account.deploy.member
}

resource "google_cloud_run_v2_service_iam_member" "deploy_shifts_traffic" {
  for_each = local.function

  location = var.region
  name     = local.service_name
  role     = "roles/run.developer"
  member   = google_service_account.deploy.member

  lifecycle {
    replace_triggered_by = [terraform_data.service]
  }
}

resource "google_project_iam_member" "deploy_watches_operations" {
  for_each = toset(["roles/cloudfunctions.viewer", "roles/run.viewer"])

  project = var.project_id
  role    = each.value
  member  = google_service_account.deploy.member
}

resource "google_service_account_iam_member" "deploy_acts_as" {
  for_each = {
    run   = google_service_account.run.name
    build = google_service_account.build.name
  }

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deploy.member
}

# The smoke test of a function that is not public carries an identity token.
resource "google_service_account_iam_member" "deploy_identifies_itself" {
  service_account_id = google_service_account.deploy.name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = google_service_account.deploy.member
}

# A plan reads the state and the project's number, nothing else of the cloud (-refresh=false), and
# its requests count against this project.

resource "google_storage_bucket_iam_member" "plan_reads_state" {
  for_each = toset(var.state_bucket[*])

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = google_service_account.plan.member
}

resource "google_project_iam_member" "plan_reads_project" {
  for_each = toset(["roles/browser", "roles/serviceusage.serviceUsageConsumer"])

  project = var.project_id
  role    = each.value
  member  = google_service_account.plan.member
}
