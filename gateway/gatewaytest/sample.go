package gatewaytest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Sample reads one of the public samples that may stand beside a checkout, in
// ../shared/samples. They are not part of the project, so where the whole folder
// is not there the test is skipped; a sample that is missing from it is a failure.
func Sample(t testing.TB, name string) []byte {
	t.Helper()
	b, ok := SampleIfThere(t, name)
	if !ok {
		t.Skip("the public samples are not beside this checkout; nothing to check against")
	}
	return b
}

// SampleIfThere reads as Sample does, and reports false where the folder is not there:
// for a test that has more to do than to look at samples.
func SampleIfThere(t testing.TB, name string) ([]byte, bool) {
	t.Helper()
	folder := samples(t)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	b, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b, true
}

// samples gives the folder beside the one in which go.mod is.
func samples(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared", "samples")
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test does not run within a checkout")
		}
	}
}
