FROM python:3.12-slim AS build
WORKDIR /app
COPY requirements.lock pyproject.toml ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.lock
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps -e .
# who runs it may not write here, and would compile everything at every start: half a second
RUN /venv/bin/python -m compileall -q --invalidation-mode checked-hash .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home provodka
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /data
USER provodka
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["provodka"]
CMD ["run", "--config", "/data/config.yaml", "--host", "0.0.0.0"]
