"""Values of the root module's variables: what people would install."""

from tests.terraform.runner import Variables

IMAGE = f"us-central1-docker.pkg.dev/acme-prod/tinycopy/tinycopy@sha256:{'9f' * 32}"
REPOSITORY = {
    "owner": "acme",
    "name": "tinycopy",
    "installation_id": 12345678,
    "token": "projects/acme-prod/secrets/tinycopy-github-token/versions/1",
}
DEFAULTS: Variables = {"project_id": "acme-prod"}
PRIVATE: Variables = DEFAULTS | {
    "name": "copydesk",
    "region": "europe-west1",
    "ingress": "ALLOW_INTERNAL_ONLY",
    "invokers": ["group:marketing@example.com"],
    "secrets": {"SIGNING_KEY": "2", "NEXT_KEY": None},
    "vpc_connector": "projects/acme-prod/locations/europe-west1/connectors/office",
}
PRODUCTION: Variables = DEFAULTS | {
    "public": True,
    "cpu": 2,
    "memory_mib": 1024,
    "min_instances": 1,
    "max_instances": 50,
    "kms_key": "projects/acme-prod/locations/us-central1/keyRings/ring/cryptoKeys/key",
    "repository": REPOSITORY,
    "state_bucket": "acme-prod-tinycopy-state",
    "alert_emails": ["ops@example.com"],
    "budget": {"billing_account": "012345-6789AB-CDEF01", "amount": 100},
    "domain": "copy.example.com",
    "cdn": True,
    "secrets": {"SIGNING_KEY": "1"},
}
CONTAINER: Variables = DEFAULTS | {
    "container_image": IMAGE,
    "public": True,
    "repository": REPOSITORY,
    "state_bucket": "acme-prod-tinycopy-state",
}
SCENARIOS = {
    "defaults": DEFAULTS,
    "private": PRIVATE,
    "production": PRODUCTION,
    "container": CONTAINER,
}
