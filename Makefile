# The project's commands. `make` alone lists them.
GO ?= go
.DEFAULT_GOAL := help
.PHONY: help setup build run lint test unit compat check bench mutants rules golden

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

setup: ## install what the tests need and the machine lacks
	@test/env/setup

build: ## build ./ambit
	$(GO) build -o ambit ./cmd/ambit

run: build ## start a hub on this machine, with its data in ./data
	./ambit serve --data ./data

lint: ## gofmt, go vet, staticcheck
	@bad=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 -r gofmt -l); \
	if [ -n "$$bad" ]; then echo "gofmt wants to change:" $$bad; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

test: setup lint ## everything a change must pass: lint, all Go tests, real clients, real PostgreSQL
	test/env/with-postgres $(GO) test -timeout 20m ./...

unit: ## the Go tests of the packages alone: no clients
	$(GO) test ./internal/... ./cmd/...

compat: setup ## only the real clients against a real server
	$(GO) test -count=1 -timeout 20m ./test/compat/...

check: setup lint ## the long proofs as well: complete enumerations, every fault, large transfers; and go.mod
	AMBIT_FULL=1 test/env/with-postgres $(GO) test -timeout 240m ./...
	$(GO) run ./test/mutants
	cd test/engines && $(GO) vet ./...
	$(GO) mod tidy -diff
	$(GO) mod verify

bench: setup build ## measure; every figure stands beside an anchor measured in the same run. AMBIT_TOKENS=10000000: with as many tokens
	AMBIT_PG_DURABLE=1 test/env/with-postgres $(GO) run ./test/bench
	@universe=$$(mktemp); { \
	$(GO) test -run '^$$' -bench '/warm' -benchtime 100000x -timeout 60m ./test/timing; \
	$(GO) test -run '^$$' -bench '/(cold|loopback)' -benchtime 2000x -timeout 60m ./test/timing; \
	test/env/with-postgres $(GO) test -run '^$$' -bench . -benchtime 1s -timeout 60m ./internal/...; \
	AMBIT_DUMP=$$universe $(GO) test -count=1 -run '^TestDumpUniverse$$' ./internal/access && \
	(cd test/engines && $(GO) run . $$universe) || echo FAIL; \
	} 2>&1 | $(GO) run ./test/bench -goals; code=$$?; rm -f $$universe; exit $$code

mutants: ## change the access code in every small way, one at a time: no test of it must fail to notice
	$(GO) run ./test/mutants

rules: ## what a change of the access rules changes, exactly; BASE=REVISION compares with the rules reviewed there
	@old=; if [ -n "$(BASE)" ]; then old=$$(mktemp) && git show "$(BASE):internal/access/testdata/table.gz" >"$$old" || exit 1; fi; \
	AMBIT_TABLE=$$old $(GO) test -count=1 -run '^TestSemanticDiff$$' -v ./internal/access; \
	code=$$?; rm -f "$$old"; exit $$code

golden: ## write the golden files anew; look at the difference before committing it
	AMBIT_UPDATE_GOLDEN=1 test/env/with-postgres $(GO) test ./internal/...
