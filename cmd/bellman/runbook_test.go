package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bellman/gateway"
)

// projectFile reads a file of the project.
func projectFile(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheRunbookSaysWhatToDoAboutEveryReasonAndEveryAlert(t *testing.T) {
	t.Parallel()
	runbook, alerts := projectFile(t, "docs", "runbook.md"), projectFile(t, "configs", "prometheus", "alerts.yaml")
	for _, why := range gateway.Reasons() {
		if !strings.Contains(runbook, "`"+why.String()+"`") {
			t.Errorf("nothing about the reason %s", why)
		}
	}
	for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(alerts, -1) {
		if !strings.Contains(runbook, m[1]) {
			t.Errorf("nothing about the alert %s", m[1])
		}
	}
}

func TestEveryMetricOfAnAlertIsOneThatBellmanTells(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	metric := regexp.MustCompile(`"(bellman_[a-z_]+)"`)
	for _, folder := range []string{"scheduler", "gateway/*", "cmd/bellman"} {
		files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range metric.FindAllStringSubmatch(string(b), -1) {
				told[m[1]] = true
			}
		}
	}
	for _, name := range regexp.MustCompile(`bellman_[a-z_]+`).FindAllString(projectFile(t, "configs", "prometheus", "alerts.yaml"), -1) {
		if !told[strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")] {
			t.Errorf("%s is told by nobody", name)
		}
	}
}
