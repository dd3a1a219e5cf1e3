# What people and CI run. `make demo` and `make test` work on a fresh Debian or
# Ubuntu with Go and git; test installs the redis-server, chromium and zip that it
# lacks where it may, and otherwise says what to install.

GO ?= go
GOBIN := $(CURDIR)/bin
STATICCHECK := $(GOBIN)/staticcheck
FUZZTIME ?= 30s

.PHONY: demo build test race check bench bench-extract bench-feeds chaos fuzz model week tools clean quick

demo: build
	$(GOBIN)/bellman demo

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(GOBIN)/bellman ./cmd/bellman

# Everything the project is held to. The race detector watches what is done at once:
# all but pure rules, what is said to several kinds of Redis, the stories of whole
# services and whole days, and the long suites of the adapters, of which it watches the
# many reads at once. make race has it everywhere, and takes half an hour on two
# processors. Twice as many packages at once as there are processors: many tests wait
# for others. The first line has vetted all.
SUITES := ./adapters/...
UNWATCHED := $(addprefix bellman/,cmd/chaos cmd/bellman gateway/store/storetest gateway/lifemodel gateway gateway/message configs)
DAYS := AfterEightHours
TEST := $(GO) test -vet=off -shuffle=on -timeout 14m -p $$(( 2 * $$(nproc) ))
test: tools
	$(GO) vet ./...
	$(TEST) -race -skip '$(DAYS)' $$($(GO) list ./... | grep -v /adapters/ | grep -vxF $(addprefix -e ,$(UNWATCHED)))
	$(TEST) $(UNWATCHED) $(SUITES)
	$(TEST) -run '$(DAYS)' ./gateway/sender
	$(TEST) -race -run 'EveryAdapter/sixteen|EveryAdapter//sixteen' $(SUITES)

race: tools
	$(GO) test -race -shuffle=on -timeout 40m ./...

# The same without the race detector: some minutes faster while working.
quick: tools
	$(GO) test -timeout 10m ./...

check: $(STATICCHECK)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...
	$(MAKE) test

$(STATICCHECK):
	GOBIN=$(GOBIN) $(GO) install honnef.co/go/tools/cmd/staticcheck@2026.2.2

bench: tools
	$(GO) build -o $(GOBIN)/bench ./cmd/bench
	$(GOBIN)/bench

# Reads the simulated diaries of 6,200 practices for half an hour. FEEDS changes that:
# make bench-feeds FEEDS="-practices 600 -poll 5".
bench-feeds: build tools
	$(GO) build -o $(GOBIN)/feeds ./cmd/feeds
	$(GOBIN)/feeds -bellman $(GOBIN)/bellman $(FEEDS)

# Generates an EMIS Extract in a temporary folder, reads it in, and prints size, seconds and
# peak memory: make bench-extract SIZE=200M ENCRYPTED=true
SIZE ?= 5G
ENCRYPTED ?= false
bench-extract: tools
	$(GO) build -o $(GOBIN)/benchextract ./cmd/benchextract
	$(GOBIN)/benchextract -size $(SIZE) -encrypted=$(ENCRYPTED)

# Kills everything at random, in three stories of 13 minutes, and compares the phones' record
# with what was owed. CHAOS repeats one story: make chaos CHAOS="-seed 5 -kills 100".
chaos: build tools
	$(GO) build -o $(GOBIN)/chaos ./cmd/chaos
ifdef CHAOS
	$(GOBIN)/chaos -bellman $(GOBIN)/bellman $(CHAOS)
else
	$(GOBIN)/chaos -bellman $(GOBIN)/bellman -seed 1 -reminders 20400 -kills 1000 -redis-kills 100 -lose 0.1
	$(GOBIN)/chaos -bellman $(GOBIN)/bellman -seed 2 -kills 1350
	$(GOBIN)/chaos -bellman $(GOBIN)/bellman -seed 1 -reminders 20400 -kills 1000 -redis-kills 100 -tear 10 -lose 0.1
endif

# The larger cases of the model of a reminder's life; docs/reliability.md tells of them.
model:
	BELLMAN_MODEL=large $(GO) test -count 1 -timeout 60m -run TestNoOrderOfStepsBreaksALaw -v ./gateway/lifemodel

# A week of two practices over the change of the clocks: 2,000 visits, 1,500 replies and
# two outages, and its figures; make test plays a small one. docs/reliability.md tells of it.
week: tools
	BELLMAN_WEEK=large $(GO) test -count 1 -timeout 40m -run TestAWeekOfTwoPractices -v ./cmd/bellman

# Every fuzz target in turn, FUZZTIME each.
fuzz:
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
		done; \
	done

# Programs that the tests start. Installed where that is possible without asking.
tools:
	@command -v redis-server >/dev/null || ./configs/install-tools.sh redis-server
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || ./configs/install-tools.sh chromium
	@command -v zip >/dev/null || ./configs/install-tools.sh zip

clean:
	rm -rf $(GOBIN)
