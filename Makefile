# Sets up all it needs in .venv, at the versions and hashes of requirements/. Needed beforehand: Python 3.11 or later, and
# a C compiler where a package has no wheel for the machine.

FILE   = examples/goproxy.yaml
LISTEN = 127.0.0.1:8080
DATA   =
ARGS   =

BIN = .venv/bin
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check install
LOCKED = $(PIP) --require-hashes -r
CRDS = goproxies goproxyclasses
MONITORING = goproxy-fleets goproxy-operator operator-rules

# `make lock` checks that each of these has a wheel of every package.
PLATFORMS = x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu aarch64-apple-darwin
AZURITE   = 3.37.0
GITEA     = 1.26.0
PYTHONS   = 3.11 3.12 3.13 3.14
COMPILE   = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
            --annotation-style line --custom-compile-command 'make lock' $(ARGS)

# No other Python's packages may be seen from .venv.
unexport PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE = 1

.PHONY: help venv run test azure gitea neighbours pictures bench bench-check lint generate docs cluster load e2e \
        cluster-down lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

venv: .venv/run.stamp ## install both programs into .venv/bin

run: .venv/run.stamp ## run a fleet on this machine; FILE=, LISTEN= and DATA= (where it keeps its caches) say which, where
	@$(BIN)/goproxy-operator local -f "$(FILE)" --listen "$(LISTEN)" $(if $(DATA),--data-dir "$(DATA)")

test: lint ## lint, then every test; with ARGS only the tests that pytest chooses by them
	@$(BIN)/python -m $(if $(ARGS),pytest $(ARGS),tests.side_by_side)

azure: .venv/dev.stamp ## the tests of Azure's blobs, with azurite: it needs Node.js, and takes 365 MB in the cache folder
	@folder="$${GOPROXY_OPERATOR_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/goproxy-operator}/azurite-$(AZURITE)"; \
	test -x "$$folder/node_modules/.bin/azurite-blob" || { \
	  mkdir -p "$$folder" && npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$$folder" azurite@$(AZURITE); \
	} && AZURITE="$$folder/node_modules/.bin/azurite-blob" $(BIN)/python -m pytest tests/modproxy/bucket/test_azure.py $(ARGS)

gitea: .venv/dev.stamp ## the test of webhooks with a real Gitea, which is built at first: 4 minutes, a C compiler, 109 MB
	@folder="$${GOPROXY_OPERATOR_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/goproxy-operator}/gitea-$(GITEA)"; \
	go="$$PWD/$(BIN)/go"; cd tests/modproxy/sync/gitea && "$$go" mod download code.gitea.io/gitea && { test -x "$$folder/gitea" || \
	  "$$go" build -mod=readonly -tags sqlite,sqlite_unlock_notify -trimpath -ldflags "-s -w" -o "$$folder/gitea" code.gitea.io/gitea; \
	} && static="$$("$$go" list -m -f '{{.Dir}}' code.gitea.io/gitea)" && cd "$(CURDIR)" && \
	GITEA="$$folder/gitea" GITEA_STATIC="$$static" $(BIN)/python -m pytest tests/modproxy/sync/test_gitea.py $(ARGS)

pictures: .venv/bench.stamp ## draw docs/dashboard.svg: the panels of the dashboard, by a real Prometheus under load, 3 minutes
	@$(BIN)/python -m tests.prometheus.pictures

neighbours: .venv/dev.stamp ## fleets beside the real kstatus, argocd, prometheus, certmanager, flux, loki and keda; ARGS= some; kube-network-policies is in e2e, Gitea in gitea
	@$(BIN)/python -m tests.neighbours $(ARGS)

bench: .venv/bench.stamp ## measure speed and memory beside nginx and others; ARGS name measurements, ARGS=--help says more
	@$(BIN)/python -m bench $(ARGS)

bench-check: .venv/dev.stamp ## the small benchmark of CI, 2 minutes: fail when a ratio falls by half; ARGS=--write commits to new ones
	@$(BIN)/python -m bench.check $(ARGS)

lint: .venv/dev.stamp ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary operator proxy tests bench images docs
	@said=$$($(BIN)/lint-imports) || { echo "$$said"; exit 1; }

cluster: .venv/dev.stamp ## bring up a Kubernetes of three nodes on this machine, and say how to use it
	@$(BIN)/python -m tests.kubernetes.kind_cluster up

load: .venv/dev.stamp ## build both images, bring them into that cluster (which is made if need be), and say how to install them
	@$(BIN)/python -m tests.kubernetes.load

e2e: .venv/dev.stamp ## the end-to-end tests alone, on that cluster or the one that E2E_KUBECONFIG names
	@E2E=required $(BIN)/python -m pytest tests/e2e $(ARGS)

cluster-down: .venv/dev.stamp ## remove that cluster, and end the docker daemon that was started for it
	@$(BIN)/python -m tests.kubernetes.kind_cluster down --all

generate: .venv/dev.stamp ## write CRDs, dashboards, alerts and reference pages from the sources, and what the chart has of them
	@for crd in $(CRDS); do \
	  $(BIN)/python -m goproxy_operator.api.crd $$crd > crds/$$crd.yaml.new && mv crds/$$crd.yaml.new crds/$$crd.yaml || exit 1; \
	done
	@for name in $(MONITORING); do \
	  $(BIN)/python -m goproxy_operator.desired.monitoring $$name > deploy/$$name.new && mv deploy/$$name.new deploy/monitoring/$$name.json || exit 1; \
	done
	@$(BIN)/python -m tests.e2e.failures.table > docs/troubleshooting.md.new && mv docs/troubleshooting.md.new docs/troubleshooting.md
	@$(BIN)/python -m tests.docs.command_reference > docs/commands.md.new && mv docs/commands.md.new docs/commands.md
	@$(BIN)/python -m tests.docs.reference docs/reference
	@cp $(CRDS:%=crds/%.yaml) deploy/rbac.yaml deploy/admission.yaml $(MONITORING:%=deploy/monitoring/%.json) charts/goproxy-operator/files/

docs: .venv/dev.stamp ## build the site of docs/ into var/site, and fail where a link or an anchor leads nowhere
	@$(BIN)/python -m tests.docs.site var/site && echo "var/site/index.html"

lock: .venv/uv.stamp ## lock what pyproject.toml asks for in requirements/; ARGS=--upgrade takes the newest versions
	@$(COMPILE) pyproject.toml --extra operator --extra go --group pyproject.toml:install -o requirements/run.txt
	@$(COMPILE) --group pyproject.toml:dev --group pyproject.toml:docs -c requirements/run.txt -o requirements/dev.txt
	@$(COMPILE) --group pyproject.toml:bench -c requirements/run.txt -c requirements/dev.txt -o requirements/bench.txt
	@$(COMPILE) --group pyproject.toml:uv -o requirements/uv.txt
	@for platform in $(PLATFORMS); do for python in $(PYTHONS); do for file in requirements/*.txt; do \
	  $(BIN)/uv pip install --quiet --dry-run --target .venv/none --only-binary :all: --require-hashes -r $$file \
	    --python-platform $$platform --python-version $$python || { echo "$$file: $$platform, Python $$python" >&2; exit 1; } \
	done; done; done

clean: ## remove .venv and what tools left behind
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist var/site *.egg-info
	@find operator proxy tests bench images -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@for python in python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "make: setting up .venv with $$($$python --version)"; exec $$python -m venv --clear .venv; \
	  fi; \
	done; \
	echo "make: no Python 3.11 or later (with its venv module) on the PATH: install one, such as python3.12" >&2; exit 1

.venv/run.stamp: pyproject.toml requirements/run.txt | .venv/bin/python
	@echo "make: installing both programs into .venv (the first time takes a minute)"
	@$(LOCKED) requirements/run.txt
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	@echo "make: installing the tools for tests and lint into .venv (the first time takes a minute)"
	@$(LOCKED) requirements/dev.txt
	@touch $@

.venv/bench.stamp: requirements/bench.txt .venv/dev.stamp
	@echo "make: installing what draws plots into .venv"
	@$(LOCKED) requirements/bench.txt
	@touch $@

.venv/uv.stamp: requirements/uv.txt | .venv/bin/python
	@$(LOCKED) requirements/uv.txt
	@touch $@
