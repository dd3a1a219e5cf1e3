package adaptertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// AssertQuiet fails the test when any rendering of any value holds any of the
// secrets: every fmt verb that people use, encoding/json, and both handlers of
// log/slog. Hand it errors, feeds, configurations, and what a logger wrote (as
// string or []byte). Secrets are compared as they stand, without regard to case,
// and once more with all spaces removed on both sides; those shorter than three
// characters are refused, since they would be found anywhere. The failure names
// the secret by its place in the list only.
func AssertQuiet(t testing.TB, secrets []string, values ...any) {
	t.Helper()
	loose, tight := make([]string, len(secrets)), make([]string, len(secrets))
	for i, s := range secrets {
		if len(s) < 3 {
			t.Fatalf("secret %d is too short to look for", i)
		}
		loose[i] = strings.ToLower(s)
		tight[i] = strings.ReplaceAll(loose[i], " ", "")
	}
	for n, v := range values {
		for how, text := range renderings(v) {
			text = strings.ToLower(text)
			squeezed := strings.ReplaceAll(text, " ", "")
			for i := range secrets {
				if strings.Contains(text, loose[i]) || strings.Contains(squeezed, tight[i]) {
					t.Errorf("value %d (%T), printed by %s, holds secret %d", n, v, how, i)
					break
				}
			}
		}
	}
}

// renderings prints a value in every way that code of ours might.
func renderings(v any) map[string]string {
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	b, err := json.Marshal(v)
	out["json"] = fmt.Sprint(string(b), err)
	var text, structured bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("printed", "value", v)
	slog.New(slog.NewJSONHandler(&structured, nil)).Info("printed", "value", v)
	out["slog text"], out["slog json"] = text.String(), structured.String()
	if b, ok := v.([]byte); ok {
		out["as it stands"] = string(b)
	}
	return out
}

// Secrets lists everything in a diary that must never be printed: names, NHS
// numbers, dates of birth and telephone numbers, each in the forms in which they
// travel.
func Secrets(d *surgery.Diary) []string {
	var out []string
	add := func(s string) {
		if len(s) >= 3 {
			out = append(out, s)
		}
	}
	for _, p := range d.People() {
		add(p.Given)
		add(p.Family)
		add(p.NHSNumber)
		add(p.Mobile)
		add(p.Home)
		for _, raw := range []string{p.Mobile, p.Home} {
			if digits := onlyDigits(raw); len(digits) >= 9 {
				add(strings.TrimPrefix(digits, "0"))
			}
		}
		for _, layout := range []string{time.DateOnly, "20060102", "02/01/2006", "02-Jan-2006", "2 January 2006"} {
			add(p.Born.Format(layout))
		}
	}
	return out
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// keepingQuiet reads with every fault and looks at all that comes back.
func keepingQuiet(t *testing.T, s Subject) {
	quiet := func(t *testing.T, breakIt func(*stage)) {
		st := forty(t, s)
		for i, p := range st.diary.People() {
			st.diary.Edit(p.ID, func(p *surgery.Person) {
				p.Given, p.Family = fmt.Sprintf("Xqgiven%02d", i), fmt.Sprintf("Xqfamily%02d", i)
			})
		}
		secrets := append(Secrets(st.diary), append(st.wire.Secrets, Canary)...)
		whole := st.read()
		breakIt(st)
		feed, err := st.try()
		AssertQuiet(t, secrets, whole, feed, err)
		if r, ok := st.wire.Source.(gateway.Rereader); ok && len(whole.Appointments) > 0 {
			a, err := st.reread(r, whole.Appointments[0])
			AssertQuiet(t, secrets, a, err)
		}
	}
	t.Run("nothing private is printed of a good read", func(t *testing.T) { quiet(t, func(*stage) {}) })
	for _, f := range Faults {
		if f == Hangs || f == SkippedHour {
			continue
		}
		t.Run("nothing private is printed after "+string(f), func(t *testing.T) {
			quiet(t, func(st *stage) { st.wreck(f) })
		})
	}
}
