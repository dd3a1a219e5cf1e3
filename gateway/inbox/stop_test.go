package inbox_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
)

// elsewhere opens the installation's journal on another, empty Redis: what is
// opted out there was in the journal.
func (s *stage) elsewhere() *store.Store {
	s.t.Helper()
	return storetest.OpenAt(s.t, storetest.Redis(s.t), s.place)
}

func journalled(t *testing.T, st *store.Store, n int) bool {
	t.Helper()
	_, out, err := st.OptedOut(t.Context(), riverside, gateway.NewPhone(phone(n)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSTOPIsOnTheDiskBeforeItIsAnsweredAndWithdrawsWhatWaits(t *testing.T) {
	s := newStage(t)
	child := person(2) // a family with one telephone
	child.Patient.Mobile = gateway.NewPhone(phone(1))
	s.booked(riverside, person(1), child, person(3))
	s.booked(hillside, person(1))
	got := s.sim.Reply(t.Context(), phone(1), fromRiverside, "please stop texting me")
	if got.Status != http.StatusOK || len(got.Texts) != 1 || !strings.Contains(got.Texts[0], "will send no more texts") {
		t.Errorf("answered %d with %d texts", got.Status, len(got.Texts))
	}
	if s.optedOut(riverside, 1) != "patient" || s.optedOut(hillside, 1) != "" {
		t.Error("not opted out of this practice alone")
	}
	if !journalled(t, s.elsewhere(), 1) {
		t.Error("not in the journal")
	}
	s.stands(s.id(riverside, person(1)), gateway.Withdrawn, gateway.OptedOut)
	s.stands(s.id(riverside, child), gateway.Withdrawn, gateway.OptedOut)
	s.stands(s.id(riverside, person(3)), gateway.Queued, gateway.None)
	s.stands(s.id(hillside, person(1)), gateway.Queued, gateway.None)
	if n := s.metric("bellman_replies_total", "stop"); n != 1 {
		t.Errorf("%v STOPs are counted", n)
	}
}

func TestSTOPThatCannotBeJournalledIsNotAnsweredAsKept(t *testing.T) {
	s := newStage(t)
	kept, err := os.ReadFile(s.place.Journal)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.place.Journal); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.place.Journal, 0o700); err != nil { // cannot be written to, even by root
		t.Fatal(err)
	}
	call := func() said { return s.post(inbox.InboundPath, text(1, fromRiverside, "Stop!", sid(1))) }
	if got := call(); got.status < 500 || strings.Contains(got.body, "no more texts") {
		t.Errorf("answered %d", got.status)
	}
	if len(s.replies(riverside)) != 0 {
		t.Error("it is filed as if it had been obeyed")
	}
	if err := os.Remove(s.place.Journal); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.place.Journal, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := call(); got.status != http.StatusOK || s.optedOut(riverside, 1) != "patient" {
		t.Errorf("sent again: answered %d", got.status)
	}
}

func TestSTOPWithoutRedisIsInTheJournalAllTheSame(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	if err := s.memory.Close(); err != nil {
		t.Fatal(err)
	}
	if got := s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(1))); got.status != http.StatusServiceUnavailable {
		t.Errorf("answered %d", got.status)
	}
	if !journalled(t, s.elsewhere(), 1) {
		t.Error("not in the journal")
	}
}

func TestTheAnswerToSTOPWaitsForATextThatIsJustLeaving(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	accept := s.leaving(1)
	answered := make(chan said, 1)
	go func() { answered <- s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(1))) }()
	s.await("the opt-out stands", func() bool { return s.optedOut(riverside, 1) != "" })
	select {
	case <-answered:
		t.Fatal("answered while a text is on its way")
	case <-time.After(200 * time.Millisecond):
	}
	s.move(accept)
	if got := <-answered; got.status != http.StatusOK {
		t.Errorf("answered %d", got.status)
	}
	s.stands(accept.ID, gateway.Accepted, gateway.None)
}

func TestSTOPOvertakesAClaim(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	got := must(s.memory.Claim(t.Context(), gateway.Claiming{Now: monday, Limit: 1, Lease: time.Minute, Token: gateway.Token{1}}))
	c := got.Claims[0]
	s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(1)))
	s.stands(c.ID, gateway.Withdrawn, gateway.OptedOut)
	if v := s.move(gateway.Change{ID: c.ID, Token: c.Token, To: gateway.Sending, Digest: c.Digest, Consent: true, At: monday.Add(time.Minute)}).Verdict; v == gateway.Done {
		t.Error("it may leave all the same")
	}
}

func TestTheSameSTOPAgainIsOneSTOP(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	call := func() said { return s.post(inbox.InboundPath, text(1, fromRiverside, "Stop texting me", sid(1))) }
	first := call()
	s.clock.Advance(time.Hour)
	again := call()
	if !strings.Contains(first.body, "<Message>") || strings.Contains(again.body, "<Message>") {
		t.Error("answered not once")
	}
	if len(s.replies(riverside)) != 1 || s.metric("bellman_replies_total", "stop") != 1 {
		t.Error("kept or counted twice")
	}
	o, _, err := s.memory.Store.OptedOut(t.Context(), riverside, gateway.NewPhone(phone(1)))
	if err != nil || !o.Since.Equal(friday) {
		t.Errorf("opted out since %v, %v", o.Since, err)
	}
}

func TestASTOPThatComesAgainAfterASTARTChangesNothing(t *testing.T) {
	s := newStage(t)
	stop := text(1, fromRiverside, "STOP", sid(1))
	s.post(inbox.InboundPath, stop)
	s.post(inbox.InboundPath, text(1, fromRiverside, "START", sid(2)))
	s.post(inbox.InboundPath, stop)
	if by := s.optedOut(riverside, 1); by != "" {
		t.Errorf("opted out by %q", by)
	}
}

func TestASTOPThatWasObeyedAndNotFiledIsObeyedAgain(t *testing.T) {
	s := newStage(t)
	s.memory.keeping = failing(1)
	stop := text(1, fromRiverside, "STOP", sid(1))
	if got := s.post(inbox.InboundPath, stop); got.status != http.StatusServiceUnavailable {
		t.Errorf("answered %d", got.status)
	}
	if got := s.post(inbox.InboundPath, stop); got.status != http.StatusOK || s.optedOut(riverside, 1) != "patient" || len(s.replies(riverside)) != 1 {
		t.Errorf("sent again: answered %d", got.status)
	}
}

func TestSTARTReopensWhatThePatientOrTheProviderClosed(t *testing.T) {
	for by, after := range map[string]string{"patient": "", "provider": "", "staff": "staff"} {
		t.Run(by, func(t *testing.T) {
			s := newStage(t)
			o := gateway.OptOut{Practice: riverside, Number: gateway.NewPhone(phone(1)), Since: friday, By: by}
			if err := s.memory.AddOptOut(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			s.post(inbox.InboundPath, text(1, fromRiverside, " start ", sid(1)))
			if got := s.optedOut(riverside, 1); got != after {
				t.Errorf("opted out by %q, want %q", got, after)
			}
			if journalled(t, s.elsewhere(), 1) != (after != "") {
				t.Error("the journal says something else")
			}
		})
	}
}

func TestASTARTThatComesAgainAfterALaterSTOPChangesNothing(t *testing.T) {
	s := newStage(t)
	start := text(1, fromRiverside, "START", sid(1))
	s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(2)))
	s.post(inbox.InboundPath, start)
	s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(3)))
	s.post(inbox.InboundPath, start)
	if by := s.optedOut(riverside, 1); by != "patient" {
		t.Errorf("opted out by %q", by)
	}
}

func TestNothingButSTARTReopens(t *testing.T) {
	s := newStage(t)
	s.post(inbox.InboundPath, text(1, fromRiverside, "STOP", sid(1)))
	for i, words := range []string{"YES", "Yes please", "confirm", "OK", "HELP", "hello?", "please start again", "CANCEL 1234"} {
		form := text(1, fromRiverside, words, sid(10+i))
		if words == "YES" {
			form.Set("OptOutType", "START") // the provider takes it for an opt-in
		}
		s.post(inbox.InboundPath, form)
		if s.optedOut(riverside, 1) != "patient" {
			t.Fatalf("reopened by answer %d", i)
		}
	}
	if n := s.metric("bellman_replies_total", "confirm"); n != 4 {
		t.Errorf("%v confirmations are counted", n)
	}
}

func TestSTOPInTheProvidersOwnWordsIsBelieved(t *testing.T) {
	s := newStage(t)
	form := text(1, fromRiverside, "ferma", sid(1)) // a word that was set up at the provider
	form.Set("OptOutType", "STOP")
	if got := s.post(inbox.InboundPath, form); strings.Contains(got.body, "<Message>") {
		t.Error("answered, although the provider did")
	}
	if s.optedOut(riverside, 1) != "patient" {
		t.Error("not obeyed")
	}
}
