package gateway_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

func genRuleText(t *rapid.T) string {
	switch rapid.IntRange(0, 2).Draw(t, "unit") {
	case 0:
		return strconv.Itoa(rapid.IntRange(1, 60).Draw(t, "days")) + "d"
	case 1:
		return strconv.Itoa(rapid.IntRange(1, 168).Draw(t, "hours")) + "h"
	default:
		return strconv.Itoa(rapid.IntRange(1, 10080).Draw(t, "minutes")) + "m"
	}
}

func genRule(t *rapid.T) gateway.Rule { return mustRule(t, genRuleText(t)) }

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func mustRule(t fataler, s string) gateway.Rule {
	t.Helper()
	r, err := gateway.ParseRule(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return r
}

func TestARuleSurvivesItsTextAndItsCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genRuleText(t)
		r := mustRule(t, text)
		if again := mustRule(t, r.String()); again != r {
			t.Errorf("%s prints as %s, which is another rule", text, r)
		}
		if gateway.RuleFromCode(r.Code()) != r {
			t.Errorf("%s does not survive its code", text)
		}
		if r.IsZero() {
			t.Errorf("%s is no rule", text)
		}
	})
}

func TestEveryRuleHasItsOwnCodeAndText(t *testing.T) {
	codes, texts := map[uint16]gateway.Rule{}, map[string]gateway.Rule{}
	try := func(s string) {
		r := mustRule(t, s)
		if other, ok := codes[r.Code()]; ok && other != r {
			t.Errorf("%s and %s share a code", r, other)
		}
		if other, ok := texts[r.String()]; ok && other != r {
			t.Errorf("two rules print as %s", r)
		}
		codes[r.Code()], texts[r.String()] = r, r
	}
	for n := 1; n <= 60; n++ {
		try(strconv.Itoa(n) + "d")
	}
	for n := 1; n <= 10080; n++ {
		try(strconv.Itoa(n) + "m")
	}
	if len(codes) != 60+10080 || len(texts) != len(codes) {
		t.Errorf("%d codes and %d texts for %d rules", len(codes), len(texts), 60+10080)
	}
	if mustRule(t, "24h") == mustRule(t, "1d") {
		t.Error("24h and 1d are one rule; they differ when the clocks change")
	}
}

func TestWhatIsNoLeadTimeIsRefused(t *testing.T) {
	for _, s := range []string{
		"", "d", "7", "0d", "0h", "-1d", "+1d", "1 d", " 1d", "1d ", "1.5h", "1w", "1D", "d7", "1d2h", "１d", "61d", "169h", "10081m", "1e3m",
		"9223372036854775807h", "9223372036854775807m", "9223372036854775807d", "307445734561825861h", "99999999999999999999d", "0x1d",
	} {
		if r, err := gateway.ParseRule(s); err == nil {
			t.Errorf("%q is taken for %s", s, r)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"7d", "2h", "90m", "", "307445734561825861h", "01d", "60d", "-1d"} {
		f.Add(s)
	}
	start := time.Date(2026, time.July, 1, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		r, err := gateway.ParseRule(s)
		if err != nil {
			return
		}
		if lead := start.Sub(r.Due(start)); lead <= 0 || lead > 60*24*time.Hour {
			t.Errorf("%q is due %s before", s, lead)
		}
		if gateway.RuleFromCode(r.Code()) != r {
			t.Errorf("%q does not survive its code", s)
		}
	})
}

func TestDaysBeforeAreCalendarDaysAcrossTheClockChange(t *testing.T) {
	for _, c := range []struct{ start, rule, due string }{
		{"2026-10-25T09:00:00Z", "1d", "2026-10-24T08:00:00Z"}, // Sunday, clocks go back: 25 hours
		{"2026-10-26T09:00:00Z", "1d", "2026-10-25T09:00:00Z"},
		{"2026-10-26T09:00:00Z", "2d", "2026-10-24T08:00:00Z"},
		{"2026-10-30T14:30:00Z", "7d", "2026-10-23T13:30:00Z"},
		{"2027-03-28T08:00:00Z", "1d", "2027-03-27T09:00:00Z"}, // Sunday, clocks go forward: 23 hours
		{"2027-03-29T08:00:00Z", "1d", "2027-03-28T08:00:00Z"},
		{"2027-03-29T08:00:00Z", "2d", "2027-03-27T09:00:00Z"},
		{"2027-04-02T12:15:00Z", "7d", "2027-03-26T13:15:00Z"},
		{"2026-10-25T09:00:00Z", "24h", "2026-10-24T09:00:00Z"}, // hours are hours
		{"2027-03-28T08:00:00Z", "24h", "2027-03-27T08:00:00Z"},
		{"2028-03-01T09:00:00Z", "1d", "2028-02-29T09:00:00Z"},
		{"2027-01-01T00:00:00Z", "1d", "2026-12-31T00:00:00Z"},
	} {
		start, _ := time.Parse(time.RFC3339, c.start)
		if got := mustRule(t, c.rule).Due(start).UTC().Format(time.RFC3339); got != c.due {
			t.Errorf("%s before %s is %s, want %s", c.rule, c.start, got, c.due)
		}
	}
}

func TestDaysBeforeKeepTheWallTimeWhateverTheServersZone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := genMoment(t, "start")
		days := rapid.IntRange(1, 60).Draw(t, "days")
		rule := mustRule(t, strconv.Itoa(days)+"d")
		figures := onTheWall(start).AddDate(0, 0, -days)
		due := rule.Due(start)
		// In the hour that the clocks skip there is no such moment; the due time is
		// then some moment of that night.
		if all := instants(figures); len(all) > 0 && !slices.ContainsFunc(all, due.Equal) {
			t.Errorf("%s before %s is %s, want %s", rule, start, due, all)
		}
		if !due.Before(start) {
			t.Errorf("%s before %s is %s", rule, start, due)
		}
		underZones(t, func(server *time.Location) int64 { return rule.Due(start.In(server)).Unix() })
	})
}

func genReminder(t *rapid.T) gateway.ReminderID {
	id := gateway.ReminderID{
		Practice: gateway.ODS(rapid.StringMatching(`[A-Z0-9-]{1,12}`).Draw(t, "practice")),
		Rule:     genRule(t),
		Start:    genMoment(t, "start"),
	}
	copy(id.Ref[:], rapid.SliceOfN(rapid.Byte(), len(id.Ref), len(id.Ref)).Draw(t, "ref"))
	return id
}

func TestAReminderIDSurvivesItsTextAndItsKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := genReminder(t)
		if again, err := gateway.ParseReminderID(id.String()); err != nil || again != id {
			t.Errorf("%s comes back as %s (%v)", id, again, err)
		}
		key := id.Key()
		if again, err := gateway.ReminderFromKey(id.Practice, key[:]); err != nil || again != id {
			t.Errorf("%s comes back from its key as %s (%v)", id, again, err)
		}
		if strings.Trim(id.String(), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			t.Errorf("%s is not safe in an address", id)
		}
	})
}

func TestDifferentRemindersHaveDifferentIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genReminder(t), genReminder(t)
		if rapid.Bool().Draw(t, "alike") {
			b.Practice, b.Ref = a.Practice, a.Ref
		}
		if (a == b) != (a.String() == b.String()) || (a == b) != (a.Practice == b.Practice && a.Key() == b.Key()) {
			t.Errorf("%s and %s", a, b)
		}
	})
}

func FuzzParseReminderID(f *testing.F) {
	for _, s := range []string{"", ".", "A81001.", "A81001.AAAAAAAAAAAAAAABaiBTwA", "a.AAAAAAAAAAAAAAAAAAAA", "A81001.AAAAAAAAAAAAAAAAAAAA", "A.AAAAAAAAAAAAAAAAAAA=", "A.AAAA\nAAAAAAAAAAAAAAAA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := gateway.ParseReminderID(s)
		if err != nil {
			return
		}
		if id.String() != s {
			t.Errorf("%q is taken for %s", s, id)
		}
	})
}

func TestTheTableOfMoves(t *testing.T) {
	after := map[gateway.State][]gateway.State{}
	for _, from := range gateway.States {
		for _, to := range gateway.States {
			if gateway.MayMove(from, to) {
				after[from] = append(after[from], to)
			}
		}
	}
	reached := reach(after, gateway.Queued)
	for _, s := range gateway.States {
		if !reached[s] {
			t.Errorf("%s is never reached", s)
		}
		if gateway.MayMove(s, s) {
			t.Errorf("%s moves to itself", s)
		}
		if gateway.MayMove(s, gateway.Sending) != (s == gateway.Claimed) {
			t.Errorf("%s to sending: only a claimed reminder may be sent", s)
		}
	}
	for _, final := range []gateway.State{gateway.Delivered, gateway.Undelivered, gateway.Refused, gateway.Failed} {
		if len(after[final]) > 0 {
			t.Errorf("%s is final and has exits %v", final, after[final])
		}
	}
	// What may have left the building is never claimed, held or withdrawn: it
	// first becomes known, by a receipt or by the provider's list.
	for _, gone := range []gateway.State{gateway.Sending, gateway.Unknown, gateway.Accepted} {
		for _, to := range []gateway.State{gateway.Claimed, gateway.Held, gateway.Withdrawn} {
			if gateway.MayMove(gone, to) {
				t.Errorf("%s moves to %s", gone, to)
			}
		}
	}
	if reach(after, gateway.Accepted)[gateway.Sending] {
		t.Error("a text that the provider has accepted can be sent again")
	}
	// What waits may become unknown, when Redis was set back and nobody knows any
	// more whether it was sent; but nobody gives it a fate, or sends what was withdrawn.
	for _, waits := range []gateway.State{gateway.Queued, gateway.Held, gateway.Withdrawn} {
		for _, fate := range []gateway.State{gateway.Accepted, gateway.Delivered, gateway.Undelivered, gateway.Failed} {
			if gateway.MayMove(waits, fate) {
				t.Errorf("%s moves to %s: a reminder that nobody sent gets a fate", waits, fate)
			}
		}
	}
	if gateway.MayMove(gateway.Withdrawn, gateway.Unknown) {
		t.Error("what was withdrawn becomes unknown, and could be sent")
	}
}

// A text that the network did not answer for is of unknown fate like others, but
// the provider took it.
func TestWhatTheNetworkDidNotAnswerForIsNeverSentAgain(t *testing.T) {
	var exits []gateway.State
	for _, to := range gateway.States {
		for _, why := range []gateway.Reason{gateway.None, gateway.UnknownOutcome, gateway.MaybeSent} {
			if gateway.MayMoveFor(gateway.Unknown, gateway.NotAnswered, to, why) && !slices.Contains(exits, to) {
				exits = append(exits, to)
			}
		}
	}
	if want := []gateway.State{gateway.Delivered, gateway.Undelivered, gateway.Failed}; !slices.Equal(exits, want) {
		t.Errorf("it may go to %v, want %v", exits, want)
	}
	for _, from := range gateway.States {
		left := from == gateway.Sending || from == gateway.Accepted || from == gateway.Unknown
		if may := gateway.MayMoveFor(from, gateway.None, gateway.Unknown, gateway.NotAnswered); may != left {
			t.Errorf("%s may become one that the network did not answer for: %t", from, may)
		}
		for _, to := range gateway.States {
			if gateway.MayMoveFor(from, gateway.UnknownOutcome, to, gateway.UnknownOutcome) != gateway.MayMove(from, to) {
				t.Errorf("%s to %s: for other reasons the table alone does not decide", from, to)
			}
			for _, why := range []gateway.Reason{gateway.None, gateway.NotAnswered} {
				if gateway.MayMoveFor(from, gateway.None, to, why) != strings.ContainsRune(gateway.SourcesFor(to, why), rune(from)) {
					t.Errorf("%s to %s: table and SourcesFor differ", from, to)
				}
			}
		}
	}
}

func reach(after map[gateway.State][]gateway.State, from gateway.State) map[gateway.State]bool {
	seen := map[gateway.State]bool{}
	waiting := []gateway.State{from}
	for len(waiting) > 0 {
		s := waiting[0]
		waiting = waiting[1:]
		if !seen[s] {
			seen[s] = true
			waiting = append(waiting, after[s]...)
		}
	}
	return seen
}

func TestEveryStateIsListedOnceAndHasItsWord(t *testing.T) {
	words := map[string]bool{}
	for b := range 256 {
		s := gateway.State(b)
		if listed := slices.Contains(gateway.States, s); listed != (s.String() != "invalid") {
			t.Errorf("state %d: listed %v, word %q", b, listed, s)
		}
		if slices.Contains(gateway.States, s) && words[s.String()] {
			t.Errorf("two states are %q", s)
		}
		words[s.String()] = true
		for _, to := range gateway.States {
			if gateway.MayMove(s, to) != strings.ContainsRune(gateway.SourcesOf(to), rune(b)) {
				t.Errorf("%s to %s: table and SourcesOf differ", s, to)
			}
		}
	}
}
