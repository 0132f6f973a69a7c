"""The application, for gunicorn and the `flask` command."""

import sys

from boz_server import create_app
from boz_server.errors import BozError
from boz_server.logs import configure_logging
from boz_server.settings import Settings

try:
    settings = Settings.from_env()
    app = create_app(settings)
except BozError as error:
    sys.exit(str(error))
configure_logging(settings)
