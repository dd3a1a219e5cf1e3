package inbox_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/store/storetest"
)

// scope gives how far the opt-out of the first patient's number reaches, "" without.
func (s *stage) scope(p gateway.ODS) string {
	s.t.Helper()
	o, out, err := s.memory.Store.OptedOut(s.t.Context(), p, gateway.NewPhone(phone(1)))
	if err != nil {
		s.t.Fatal(err)
	}
	if !out {
		return ""
	}
	return o.By + " " + o.Scope.String()
}

func TestSTOPALLIsOnTheDiskForEveryPracticeBeforeItIsAnswered(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.booked(hillside, person(1), person(2))
	got := s.sim.Reply(t.Context(), phone(1), fromRiverside, "Stop all")
	if got.Status != http.StatusOK || len(got.Texts) != 1 || !strings.Contains(got.Texts[0], "all others who text through the same service will send no more texts") {
		t.Errorf("answered %d with %d texts", got.Status, len(got.Texts))
	}
	elsewhere := s.elsewhere() // an empty Redis, with our journal
	for _, p := range []gateway.ODS{riverside, hillside} {
		if got := s.scope(p); got != "patient all" {
			t.Errorf("opted out of %s by %q", p, got)
		}
		if o, out, err := elsewhere.OptedOut(t.Context(), p, gateway.NewPhone(phone(1))); err != nil || !out || o.Scope != gateway.ScopeAll {
			t.Errorf("the journal does not say so for %s: %v", p, err)
		}
		s.stands(s.id(p, person(1)), gateway.Withdrawn, gateway.OptedOut)
		if open := must(s.memory.OpenTasksOf(t.Context(), p, gateway.TaskOptOut)); len(open) != 1 {
			t.Errorf("%d tasks at %s", len(open), p)
		}
	}
	s.stands(s.id(hillside, person(2)), gateway.Queued, gateway.None)
	if n := s.metric("bellman_replies_total", "stop"); n != 1 {
		t.Errorf("%v STOPs are counted", n)
	}
	s.clock.Advance(time.Minute)
	s.says(1, fromHillside, "START")
	if s.scope(hillside) != "" || s.scope(riverside) != "patient all" {
		t.Error("START to one practice does not open that one alone")
	}
}

func TestTheSameSTOPALLAgainIsOneSTOPALL(t *testing.T) {
	s := newStage(t)
	call := func() said { return s.post(inbox.InboundPath, text(1, fromRiverside, "STOP ALL", sid(1))) }
	call()
	before := must(os.ReadFile(s.place.Journal))
	s.clock.Advance(time.Hour)
	s.says(1, fromHillside, "START")
	after := must(os.ReadFile(s.place.Journal))
	if got := call(); got.status != http.StatusOK || strings.Contains(got.body, "<Message>") {
		t.Errorf("again it is answered %d", got.status)
	}
	if s.scope(hillside) != "" {
		t.Error("it undid the START that came between")
	}
	if len(must(os.ReadFile(s.place.Journal))) != len(after) || len(after) <= len(before) {
		t.Error("it is written into the journal once more")
	}
}

func TestSTOPALLThatCannotBeJournalledIsNotAnsweredAsKept(t *testing.T) {
	s := newStage(t)
	if err := os.Remove(s.place.Journal); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.place.Journal, 0o700); err != nil { // cannot be written to, even by root
		t.Fatal(err)
	}
	if got := s.post(inbox.InboundPath, text(1, fromRiverside, "STOP ALL", sid(1))); got.status < 500 {
		t.Errorf("answered %d", got.status)
	}
	if len(s.replies(riverside)) != 0 || s.scope(riverside) != "" || s.scope(hillside) != "" {
		t.Error("it is half obeyed, or filed as if it had been obeyed")
	}
}

func TestSTOPALLThatOnePracticesBooksRefuseIsObeyedElsewhereAndTakenAgain(t *testing.T) {
	s := newStage(t)
	s.booked(hillside, person(2)) // its keys are there
	raw := storetest.Client(t, s.address)
	raw.Set(t.Context(), storetest.Key(hillside, "o"), "damaged", 0)
	if got := s.sim.Reply(t.Context(), phone(1), fromRiverside, "stop all"); got.Status != http.StatusServiceUnavailable {
		t.Errorf("answered %d", got.Status)
	}
	if s.scope(riverside) != "patient all" || len(s.replies(riverside)) != 0 {
		t.Error("not obeyed where it could be, or filed all the same")
	}
	raw.Del(t.Context(), storetest.Key(hillside, "o"))
	s.clock.Advance(time.Minute)
	s.catchUp()
	if s.scope(hillside) != "patient all" || len(s.replies(riverside)) != 1 {
		t.Error("not taken again from the provider's list")
	}
}

func TestASTOPALLThatIsReadLateDoesNotUndoASTARTThatCameSince(t *testing.T) {
	s := newStage(t)
	s.closeDoor()
	s.writes(1, "STOP ALL")
	o := gateway.OptOut{Practice: hillside, Number: gateway.NewPhone(phone(1)), Since: s.clock.Now().Add(2 * time.Minute), By: gateway.OutByStaff}
	if err := s.memory.OptIn(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(5 * time.Minute)
	s.catchUp()
	if s.scope(riverside) != "patient all" || s.scope(hillside) != "" {
		t.Errorf("opted out of one by %q, of the other by %q", s.scope(riverside), s.scope(hillside))
	}
}
