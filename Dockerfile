# syntax=docker/dockerfile:1

# Install the packages in a stage of their own, so that pip and its cache stay out of the image.
FROM python:3.13-slim AS packages
COPY requirements.txt .
RUN python -m venv /opt/boz \
    && /opt/boz/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

# Copy only the programs that flask db needs: Debian's package depends on Perl, which is twenty times
# their size.
FROM python:3.13-slim AS postgres
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client \
    && mkdir /programs \
    && cd /usr/lib/postgresql/*/bin \
    && cp pg_dump pg_restore psql /programs

FROM python:3.13-slim
ENV PATH=/opt/boz/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# A named volume gets these folders with their owner. If you mount a host folder at /data, it must
# contain them, owned by user 1000.
RUN useradd --uid 1000 --create-home --shell /usr/sbin/nologin boz \
    && install -d -o boz -g boz /data /data/database /data/temp /data/output

COPY --from=postgres /programs /usr/local/bin
# Run each program once: if one is broken, the build should fail, not a backup some night.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq5 sqlite3 \
    && rm -rf /var/lib/apt/lists/* \
    && pg_dump --version && pg_restore --version && psql --version && sqlite3 --version

COPY --from=packages /opt/boz /opt/boz
WORKDIR /app
COPY . .

USER boz
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# /livez, not /readyz: a busy database is no reason to restart the server.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('BOZ_PORT') or 8000}/livez\", timeout=4)"]
CMD ["gunicorn"]
