# Each target is one command; what it does is in the file that it calls.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help demo unit test check format bench chaos ecosystem bundle image chart clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: node_modules/.installed ## See a rollout on a real control plane, then keep it up (ONCE=1: then end)
	@node test/demo/main.ts $(if $(ONCE),--once)

unit: node_modules/.installed ## Run the tests that need neither Go nor a control plane (TESTS=FILE: that one)
	@tap run $(or $(TESTS),$(shell find test/unit test/docs test/architecture.test.ts -name '*.test.ts'))

test: node_modules/.installed ## Run every test, the real control plane included
	@node test/run.ts $(TESTS)

check: node_modules/.installed ## Check format, types, lint, unused code and architecture
	prettier --check --log-level=warn .
	tsc -p .
	eslint .
	knip

format: node_modules/.installed ## Write every file in the agreed format
	prettier --write --log-level=warn .

bench: node_modules/.installed ## Measure against the goals (ARGS="--peer=PATH" measures Reloader too)
	@node test/bench/main.ts $(ARGS)

chaos: node_modules/.installed ## Break everything at random and count what is lost (ARGS="--seed=N")
	@node test/chaos/main.ts $(ARGS)

ecosystem: node_modules/.installed ## Run beside Argo CD, Argo Rollouts, Sealed Secrets, External Secrets, Terraform (not part of test)
	@node test/ecosystem/needs.ts
	@node test/run.ts test/ecosystem/*.live.ts

bundle: node_modules/.installed ## Make dist/restamp.mjs
	@node manifests/image/bundle.ts

image: node_modules/.installed ## Build the image with docker, podman or buildah
	@node manifests/image/build.ts

chart: node_modules/.installed ## Pack the Helm chart into dist/
	@node manifests/package.ts

clean: ## Remove what make made
	rm -rf node_modules dist .tap bench-results

# tap loads the plugins that package.json names only after a build of its own.
node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	tap build > /dev/null
	@touch $@
