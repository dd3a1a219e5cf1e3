package files_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"bellman/adapters/files"
)

// What the page shows must load, or people copy mistakes.
func TestTheSectionsOnTheDocumentationPageLoad(t *testing.T) {
	page, err := os.ReadFile("../../docs/adapters/files.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s) *```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d sections on the page, want 2", len(blocks))
	}
	for i, b := range blocks {
		var doc struct {
			Source struct {
				Type         string `yaml:"type"`
				files.Config `yaml:",inline"`
			} `yaml:"source"`
		}
		if err := yaml.UnmarshalWithOptions(b[1], &doc, yaml.Strict()); err != nil {
			t.Errorf("section %d: %v", i+1, err)
			continue
		}
		if faults := doc.Source.Check(false); len(faults) != 0 || doc.Source.Type != "files" {
			t.Errorf("section %d has faults: %v", i+1, faults)
		}
	}
	for _, format := range files.DateFormats {
		if !strings.Contains(string(page), "`"+format+"`") {
			t.Errorf("the page does not tell of %s", format)
		}
	}
}
