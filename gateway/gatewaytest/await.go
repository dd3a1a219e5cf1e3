package gatewaytest

import (
	"testing"
	"time"
)

// patience is how long a loaded machine may take for what a test waits for.
const patience = 30 * time.Second

// Await asks until the answer is yes, and fails the test when that does not come
// about in a generous time. what goes on after "it did not come about that".
func Await(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !yes(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come about that %s", what)
		}
	}
}
