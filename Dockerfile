# The function as a container: the same code, entry point and embedded release as the deployed zip.
# For Cloud Run (container_image in terraform/) or any Docker host:
#
#   docker build -t tinycopy . && docker run --rm --read-only -p 8080:8080 tinycopy
#
# The digest is that of the tag on several public projects' pages; a pull refuses any other image.

FROM python:3.13.15-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
COPY function/ /srv/function/
# Compiled here, since a read-only file system keeps nothing of what a start compiles.
RUN python -m venv --without-pip /srv/venv && \
    python -m pip --python /srv/venv/bin/python install --no-cache-dir --only-binary :all: \
        --requirement /srv/function/requirements.txt && \
    python -m compileall -q --invalidation-mode unchecked-hash /srv/function

FROM python:3.13.15-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
COPY --from=build /srv /srv
WORKDIR /srv/function
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
# gunicorn wants one place for an empty file: /dev/shm can be written even with --read-only.
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONPATH=/srv/function \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/dev/shm \
    PORT=8080 \
    THREADS=16
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
# The server is process 1 itself, so SIGTERM reaches it: it finishes its requests, then ends.
CMD ["functions-framework", "--source", "main.py", "--target", "tinycopy"]
