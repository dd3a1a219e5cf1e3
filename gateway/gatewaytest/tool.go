package gatewaytest

import (
	"os/exec"
	"runtime"
	"testing"
)

// Tool asks for a program that `make tools` installs, of a Debian package of the same
// name. Without it the test fails on Linux, where make can install it, and is skipped
// elsewhere.
func Tool(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if runtime.GOOS == "linux" {
		t.Fatalf("the tool %s is not installed: make tools installs it, or sudo apt install %s", name, name)
	}
	t.Skipf("the tool %s is not installed", name)
}
