# One image for every role: `plimsoll serve | worker | worker --scheduler | migrate`.

FROM python:3.11-slim AS build
WORKDIR /source
COPY requirements-uv.lock requirements-production.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.lock \
    && uv venv /opt/plimsoll \
    && uv pip sync --no-cache --python /opt/plimsoll/bin/python --require-hashes requirements-production.lock
COPY pyproject.toml README.md ./
COPY domain domain
COPY ledger ledger
COPY projections projections
COPY services services
# The build backend came with the lock: nothing unhashed is fetched here.
RUN uv pip install --no-cache --python /opt/plimsoll/bin/python --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin plimsoll
COPY --from=build /opt/plimsoll /opt/plimsoll
ENV PATH=/opt/plimsoll/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER plimsoll
EXPOSE 8000
ENTRYPOINT ["plimsoll"]
CMD ["serve"]
