package signed

import (
	"errors"
	"strings"
	"testing"
	"time"

	"bellman/gateway/gatewaytest"
)

var today = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// FuzzToken holds the reading of the token endpoint's answers to this: it never
// panics, and what it takes for a token can stand in a header and ends in time.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{
		`{"access_token":"abc","expires_in":"599","token_type":"Bearer","issued_at":"1620000000000"}`,
		`{"access_token":"abc","expires_in":599,"token_type":"bearer"}`, `{"access_token":"a b","token_type":"bearer"}`,
		`{"access_token":"abc","token_type":"mac"}`, `{"error":"invalid_client"}`, `[]`, ``, `{"access_token":"abc","expires_in":"-1","token_type":"Bearer"}`,
		`{"access_token":"abc","expires_in":7}`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, untyped bool) {
		k := New(Options{Clock: gatewaytest.NewClock(today), Untyped: untyped})
		if err := k.keep(body); err != nil {
			if !errors.Is(err, errNoToken) || !k.token.IsZero() {
				t.Fatal("an error in other words than ours, or a token all the same")
			}
			return
		}
		if token := k.token.Reveal(); token == "" || strings.ContainsAny(token, " \r\n\x00") || !k.until.After(today) {
			t.Fatal("a token that cannot be used")
		}
	})
}

func TestOnlyWhoAllowsItTakesATokenOfNoKind(t *testing.T) {
	for _, untyped := range []bool{false, true} {
		k := New(Options{Clock: gatewaytest.NewClock(today), Untyped: untyped})
		if err := k.keep([]byte(`{"access_token":"abc"}`)); (err == nil) != untyped {
			t.Errorf("untyped %t: %v", untyped, err)
		}
		if err := k.keep([]byte(`{"access_token":"abc","token_type":"mac"}`)); err == nil {
			t.Error("another kind of token was taken")
		}
	}
}
