"""Who may do what after a plan: every grant of a role, compared with all that are wanted."""

import re
from collections.abc import Iterator

from tests.terraform.runner import Plan, Resource

EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
VIEW, CREATE, USE = (f"roles/storage.object{what}" for what in ("Viewer", "Creator", "User"))

GRANTS: dict[str, set[tuple[str, str]]] = {
    "run": {("models", VIEW), ("secret", "roles/secretmanager.secretAccessor")},
    "build": {
        ("source", VIEW),
        ("project, if the source bucket of Cloud Functions alone", VIEW),
        ("images", "roles/artifactregistry.writer"),
        ("project", "roles/logging.logWriter"),
    },
    "deploy": {
        ("models", VIEW),
        ("models", CREATE),
        ("models, if the pointer alone", USE),
        ("source", VIEW),
        ("source", CREATE),
        ("function", "roles/cloudfunctions.developer"),
        ("service", "roles/run.developer"),
        ("service", "roles/run.invoker"),
        ("account run", "roles/iam.serviceAccountUser"),
        ("account build", "roles/iam.serviceAccountUser"),
        ("account deploy", "roles/iam.serviceAccountOpenIdTokenCreator"),
        ("project", "roles/cloudfunctions.viewer"),
        ("project", "roles/run.viewer"),
        ("project", "roles/logging.logWriter"),
    },
    "plan": {
        ("state", VIEW),
        ("project", "roles/browser"),
        ("project", "roles/serviceusage.serviceUsageConsumer"),
        ("project", "roles/logging.logWriter"),
    },
    "gcp-sa-monitoring-notification": {("service", "roles/run.invoker")},
    "gcp-sa-cloudbuild": {("secret", "roles/secretmanager.secretAccessor")},
    "gs-project-accounts": {("key", "roles/cloudkms.cryptoKeyEncrypterDecrypter")},
}
"""All that each account may do, and on what. Another grant, or one more, breaks a rule."""

THINGS = {
    "google_artifact_registry_repository_iam_member": "images",
    "google_cloud_run_v2_service_iam_member": "service",
    "google_cloudfunctions2_function_iam_member": "function",
    "google_kms_crypto_key_iam_member": "key",
    "google_project_iam_member": "project",
    "google_secret_manager_secret_iam_member": "secret",
}
CONDITIONS = {
    "the pointer alone": (
        'resource.name == "projects/_/buckets/BUCKET/objects/students/current.json"'
    ),
    "the source bucket of Cloud Functions alone": (
        'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-NUMBER-REGION/")'
    ),
}


def accounts_have_no_more_than_they_need(plan: Plan) -> Iterator[str]:
    """Every grant of a role is one of GRANTS, or lets an invoker call."""
    for grant in _grants(plan):
        member = grant.values["member"]
        account = re.search(r":\w+-(\w+)@|@(gcp-sa-[a-z-]+|gs-project-accounts)\.", member)
        role, thing = grant.values["role"], _thing(grant)
        if account is None:
            if (thing, role) != ("service", "roles/run.invoker"):
                yield f"{grant.address}: {member} has {role} on {thing}"
        elif (thing, role) not in GRANTS.get(account[2] or account[1], set()):
            yield f"{grant.address}: {account[2] or account[1]} has {role} on {thing}"


def accounts_have_what_they_need(plan: Plan) -> Iterator[str]:
    """Grants that every plan has; the others depend on what is switched on."""
    had = {
        (found[1], _thing(grant), grant.values["role"])
        for grant in _grants(plan)
        if (found := re.search(r":\w+-(\w+)@", grant.values["member"]))
    }
    optional = {"state", "secret", "function", "service"}
    for account in ("run", "build", "deploy", "plan"):
        for thing, role in GRANTS[account]:
            if thing not in optional and (account, thing, role) not in had:
                yield f"{account} lacks {role} on {thing}"


def _grants(plan: Plan) -> list[Resource]:
    return [
        r for r in plan.resources if r.kind.endswith(("_iam_member", "_iam_binding", "_iam_policy"))
    ]


def _thing(grant: Resource) -> str:
    """What a role is granted on, with the title of its condition if that limits it as it says."""
    if grant.kind == "google_storage_bucket_iam_member":
        thing = grant.values["bucket"].rpartition("-")[2]
    elif grant.kind == "google_service_account_iam_member":
        thing = "account " + _account(grant)
    else:
        thing = THINGS.get(grant.kind, grant.kind)
    for condition in grant.values.get("condition") or []:
        limit = re.sub(
            r"gcf-v2-sources-\S+-[a-z]+-[a-z]+\d/",
            "gcf-v2-sources-NUMBER-REGION/",
            condition["expression"],
        )
        limit = limit.replace(f"buckets/{grant.values.get('bucket')}/", "buckets/BUCKET/")
        as_titled = CONDITIONS.get(condition["title"]) == limit
        thing += f", if {condition['title'] if as_titled else condition['expression']}"
    return thing


def _account(grant: Resource) -> str:
    key = re.search(r'\["(\w+)"\]$', grant.address)
    referred = " ".join(grant.references.get("service_account_id", ()))
    found = re.search(r"google_service_account\.(\w+)", referred)
    return found[1] if found else key[1] if key else "?"


def nothing_is_public_unless_asked(plan: Plan) -> Iterator[str]:
    """Everybody may call, with `public`, and do nothing else."""
    open_to_all = {"service"} if plan.variables["public"] else set()
    for grant in _grants(plan):
        if grant.values["member"] in EVERYBODY and _thing(grant) not in open_to_all:
            yield f"{grant.address}: {grant.values['member']} has {grant.values['role']}"
