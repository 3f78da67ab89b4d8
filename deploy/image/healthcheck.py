"""The image's health check: ends with 0 if the service of this container is ready, wherever it listens.

It reads the settings that the service reads: GRADSERVE_UDS, or GRADSERVE_PORT, and GRADSERVE_TLS_CERT_FILE. The
certificate is not verified: it has the name of the service outside.
"""

import http.client
import os
import socket
import ssl
import sys

SECONDS = 2.0


def main() -> int | str:
    """Ask /readyz; return 0 if the service is ready, else what ``sys.exit`` makes a failure of."""
    port, path = os.environ.get("GRADSERVE_PORT", "8000"), os.environ.get("GRADSERVE_UDS")
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=SECONDS)
    try:
        if path:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(SECONDS)
            connection.sock.connect(path)
        elif os.environ.get("GRADSERVE_TLS_CERT_FILE"):
            connection.connect()
            connection.sock = ssl._create_unverified_context().wrap_socket(connection.sock)  # noqa: S323, SLF001
        connection.request("GET", "/readyz")
        return int(connection.getresponse().status != http.client.OK)
    except OSError as error:
        return str(error)
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
