//go:build unix

package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bellman/adapters/adaptertest"
)

// nobody is a user who owns nothing.
const nobody = 65534

// asNobody gives the rest of a test no rights of its own: the superuser, as whom
// tests run in many containers, may read everything. No other test may run at the
// same time.
func asNobody(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if err := syscall.Seteuid(nobody); err != nil {
		t.Skip("this superuser may read everything and become nobody else:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFileMayNotBeReadable(t *testing.T) {
	c := sheet()
	path := drop(t, &c, "Xqgiven.csv", "Mobile,Date,Time\r\n"+anns)
	for file, rights := range map[string]os.FileMode{path: 0, c.Dir: 0o755, filepath.Dir(c.Dir): 0o755} {
		if err := os.Chmod(file, rights); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t)
	_, err := reads(t, c)
	if err == nil || !strings.Contains(err.Error(), "open the newest file: this service may not read it") {
		t.Errorf("gives %v", err)
	}
	adaptertest.AssertQuiet(t, []string{"Xqgiven"}, err)
}
