"""What several rooms' tests share."""

from tests.browser import browser as browser
from tests.browser import page as page
from tests.gcs import bucket as bucket
from tests.gcs import gcs_server as gcs_server
