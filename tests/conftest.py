"""What several rooms' tests share."""

from tests.gcs import bucket as bucket
from tests.gcs import gcs_server as gcs_server
